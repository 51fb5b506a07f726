"""Each benchmark's script on a few rows of its upstream form."""

from __future__ import annotations

import csv
import io
import json
import string
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf

from l1_verl.budget import Budget
from l1_verl.data import rows
from l1_verl.dataset import LCPODataset

DATA_PREP = Path(__file__).resolve().parents[2] / "data_prep"

AIME2024 = {"problem": "Every morning Aya walks.", "solution": "...", "answer": "025", "year": 2024, "difficulty": 3.0}
AIME2025_FILE = {"id": "I-1", "problem": "Find the sum.", "answer": "70"}
AIME2025_HARNESS = {"id": "0", "question": "Find the sum.", "answer": 70.0}
MATH500 = {"problem": "Convert $(0,3)$.", "answer": r"\left( 3, \frac{\pi}{2} \right)", "unique_id": "test/1.json"}
AMC = {"problem": "What is $m+n$?", "answer": 142.0, "url": "", "difficulty": 2.0}
MINERVA = {"problem": "Estimate it.", "type": "Astronomy", "idx": 9, "answer": ["0.01\n", "0.02\n"]}
MINERVA_HUB = {"question": "Estimate it.", "answer": "9.6\n"}
OLYMPIAD = {"id": 1, "context": None, "problem": "Find all.", "answer": ["$69$,$84$"], "is_multiple_answer": True}
OLYMPIAD_HUB = {"id": 1, "context": "Let $n>1$.", "question": "Find $n$.", "final_answer": ["$2n-2$"]}
GPQA = {
    "Question": "Which particle?",
    "Correct Answer": "photon\n",
    "Incorrect Answer 1": "gluon",
    "Incorrect Answer 2": "muon",
    "Incorrect Answer 3": "kaon",
    "Record ID": "rec1",
}
LSAT_OPTIONS = ["(A)Mon.", "(B)Tues.", "(C)Wed.", "(D)Thurs.", "(E)Fri."]
LSAT = {
    "passage": "Six talk.",
    "question": "Who is first?",
    "options": LSAT_OPTIONS,
    "label": "E",
    "answer": None,
    "other": None,
}
LSAT_HUB = {
    "query": f"Six talk.Q: Who is first? Answer Choices: {' '.join(LSAT_OPTIONS)}\nA: Among A to E, the answer is",
    "choices": LSAT_OPTIONS,
    "gold": [4],
}
MMLU = {"question": "Which ring?", "subject": "algebra", "choices": ["Z", "Q", "R", "C"], "answer": 1}


def read(path):
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize(
    ("name", "record", "question", "answer"),
    [
        ("aime2024", AIME2024, "Every morning Aya walks.", "25"),
        ("aime2025", AIME2025_FILE, "Find the sum.", "70"),
        ("aime2025", AIME2025_HARNESS, "Find the sum.", "70"),
        ("math500", MATH500, "Convert $(0,3)$.", r"\left( 3, \frac{\pi}{2} \right)"),
        ("amc", AMC, "What is $m+n$?", "142"),
        ("minerva", MINERVA, "Estimate it.", '["0.01", "0.02"]'),
        ("minerva", MINERVA_HUB, "Estimate it.", "9.6"),
        ("olympiad_bench", OLYMPIAD, "Find all.", "$69$,$84$"),
        ("olympiad_bench", OLYMPIAD_HUB, "Let $n>1$.\nFind $n$.", "2n-2"),
    ],
)
def test_a_mathematics_record_becomes_one_row_for_each_budget(script, write, tmp_path, name, record, question, answer):
    source = write("in.jsonl", [record])
    done = script(name, "--input", source, "--output", "o.parquet", "--budgets", 512, 3600, "--mode", "max")
    assert done.returncode == 0, done.stderr
    low, high = read(tmp_path / "o.parquet")
    assert [low["data_source"], high["data_source"]] == [f"{name}/max-512", f"{name}/max-3600"]
    assert low["extra_info"]["budget"] == {"mode": "max", "tokens": 512}
    assert low["extra_info"]["id"] == high["extra_info"]["id"]
    assert low["extra_info"]["answer_type"] == low["ability"] == "math"
    assert low["prompt"] == high["prompt"] == [{"role": "user", "content": f"{question} {rows.INSTRUCTION}"}]
    assert low["reward_model"] == {"style": "rule", "ground_truth": answer}


def test_without_a_budget_there_is_one_row_and_its_budget_is_null(script, write, tmp_path):
    script("amc", "--input", write("in.json", [AMC]), "--output", "o.parquet", "--mode", "none")
    (row,) = read(tmp_path / "o.parquet")
    assert (row["data_source"], row["extra_info"]["budget"]) == ("amc/none", None)


@pytest.mark.parametrize(
    ("name", "record"),
    [("aime2024", AIME2024), ("amc", AMC), ("gpqa", GPQA), ("olympiad_bench", OLYMPIAD)],
)
def test_a_benchmark_without_a_budget_is_asked_once_and_without_one_though_the_hub_calls_it_train(
    script, write, tokenizer, tmp_path, name, record
):
    done = script(name, "--input", write("in.json", [record]), "--output", "o.parquet", "--mode", "none")
    assert done.returncode == 0, done.stderr
    config = {"cache_dir": str(tmp_path / "cache"), "filter_overlong_prompts": False, "budget": {"draws": 3}}
    read_back = LCPODataset(str(tmp_path / "o.parquet"), tokenizer, OmegaConf.create(config))
    (item,) = [read_back[i] for i in range(len(read_back))]
    assert item["extra_info"]["budget"] is None
    assert "Think for" not in item["raw_prompt"][-1]["content"]


def test_the_default_budgets_are_the_papers(script, write, tmp_path):
    script("amc", "--input", write("in.json", [AMC]), "--output", "o.parquet")
    assert [row["extra_info"]["budget"]["tokens"] for row in read(tmp_path / "o.parquet")] == [512, 1024, 2048, 3600]


def test_a_benchmark_is_asked_for_no_thought_a_range_a_level_and_nothing_in_one_file(script, write, tmp_path):
    flags = ["--mode", "max", "--budgets", "0", "200-400", "low=512", "none", "64"]
    script("amc", "--input", write("in.json", [AMC]), "--output", "o.parquet", *flags)
    rows = read(tmp_path / "o.parquet")
    assert [row["data_source"].removeprefix("amc/") for row in rows] == [
        "max-0", "range-200-400", "level-low", "none", "max-64",
    ]  # fmt: skip
    assert [Budget.from_dict(row["extra_info"]["budget"]) for row in rows] == [
        Budget("max", 0), Budget("range", 400, least=200), Budget("level", 512, level="low"), None, Budget("max", 64),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mode", "none", "--budgets", "512"], ["--mode none", "--budgets"]),
        (["--budgets", "512", "512"], ["512 512"]),
        (["--budgets", "low=512", "low=1024"], ["low=512 low=1024", "names one twice"]),
        (["--budgets", "few"], ["'few'", "LEAST-MOST"]),
        (["--budgets", "400-200"], ["least is 400"]),
        (["--budgets", "lo/w=200"], ["level is 'lo/w'"]),
        (["--budgets", "-512"], ["-512"]),
        (["--mode", "least"], ["least"]),
    ],
)
def test_budgets_that_cannot_be_are_refused_in_one_line(script, write, tmp_path, flags, words):
    done = script("amc", "--input", write("in.json", [AMC]), "--output", "o.parquet", *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert all(word in done.stderr for word in words)
    assert not (tmp_path / "o.parquet").exists()


def test_two_parts_in_two_files_are_numbered_through(script, write, tmp_path):
    parts = [write("I.jsonl", [AIME2025_FILE]), write("II.jsonl", [{"problem": "Six points lie.", "answer": "468"}])]
    script("aime2025", "--input", *parts, "--output", "o.parquet", "--budgets", 512)
    assert [row["extra_info"]["index"] for row in read(tmp_path / "o.parquet")] == [0, 1]


@pytest.mark.parametrize(
    ("name", "record", "words"),
    [
        ("aime2025", {"problem": "x", "answer": "seventy"}, ["seventy", "whole number"]),
        ("math500", {"problem": "x", "answer": " "}, ["blank"]),
        ("amc", {"problem": "x", "answer": float("nan")}, ["nan"]),
        ("minerva", {"problem": "x", "answer": []}, ["blank"]),
        ("minerva", {"problem": "x", "answer": [["1"]]}, ["['1']"]),
        ("olympiad_bench", {"problem": "x", "answer": ["1", None]}, ["None"]),
        ("gpqa", {**GPQA, "Incorrect Answer 3": None}, ["'Incorrect Answer 3'"]),
        ("lsat", {**LSAT, "label": "F"}, ["'F'", "5 options"]),
        ("lsat", {**LSAT_HUB, "gold": [5]}, ["[5]", "5 options"]),
        ("lsat", {**LSAT_HUB, "query": "no marks"}, ["Answer Choices"]),
        ("mmlu", {**MMLU, "answer": True}, ["True"]),
        ("mmlu", {**MMLU, "choices": "ZQRC"}, ["list of texts"]),
        ("mmlu", {**MMLU, "choices": list("ZQRCFGHIJKL")}, ["11 options", "A to J"]),
    ],
)
def test_a_record_that_is_no_problem_is_refused_by_its_number(script, write, tmp_path, name, record, words):
    done = script(name, "--input", write("in.json", [record]), "--output", "o.parquet")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert all(word in done.stderr for word in ["record 0", *words])
    assert not (tmp_path / "o.parquet").exists()


def gpqa_rows(script, source, tmp_path, *flags):
    assert script("gpqa", "--input", source, "--output", "o.parquet", "--overwrite", *flags).returncode == 0
    return read(tmp_path / "o.parquet")


def test_the_order_of_gpqa_options_is_the_same_at_every_budget_and_for_any_order_of_the_file(script, write, tmp_path):
    records = [{**GPQA, "Question": f"Which particle {i}?"} for i in range(30)]
    written = gpqa_rows(script, write("in.json", records), tmp_path, "--budgets", 512, 1024)
    prompts = {row["prompt"][0]["content"] for row in written}
    assert len(prompts) == 30
    turned = gpqa_rows(script, write("in.json", records[::-1]), tmp_path, "--budgets", 512)
    assert {row["prompt"][0]["content"] for row in turned} == prompts
    for row in written:
        letter = row["reward_model"]["ground_truth"]
        assert f"\n{letter}. photon\n" in row["prompt"][0]["content"]
        assert row["extra_info"]["answer_type"] == "choice"
    assert {row["reward_model"]["ground_truth"] for row in written} == set("ABCD")
    other = gpqa_rows(script, write("in.json", records), tmp_path, "--seed", 1, "--budgets", 512)
    assert {row["prompt"][0]["content"] for row in other} != prompts


def test_both_forms_of_lsat_give_the_same_row_with_five_lettered_options(script, write, tmp_path):
    for name, record in (("agieval", LSAT), ("hub", LSAT_HUB)):
        source = write(f"{name}.jsonl", [record])
        assert script("lsat", "--input", source, "--output", f"{name}.parquet", "--budgets", 512).returncode == 0
    (row,) = read(tmp_path / "agieval.parquet")
    assert [row] == read(tmp_path / "hub.parquet")
    assert row["reward_model"]["ground_truth"] == "E"
    assert row["prompt"][0]["content"] == (
        "Six talk.\n\nWho is first?\n\nOptions:\nA. Mon.\nB. Tues.\nC. Wed.\nD. Thurs.\nE. Fri.\n\n"
        r"Let's think step by step and output the final answer (eg, A, B, C, D, E) within \boxed{}."
    )


def mmlu_zip(path: Path, records, columns=6) -> Path:
    text = io.StringIO()
    for record in records:
        line = [record["question"], *record["choices"], string.ascii_uppercase[record["answer"]]]
        csv.writer(text).writerow(line[:columns])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/dev/algebra_dev.csv", "not,the,test,split,x,A\n")
        archive.writestr("data/test/algebra_test.csv", text.getvalue())
    return path


def test_the_archive_and_the_hub_form_of_mmlu_keep_the_same_questions(script, write, tmp_path):
    records = [{**MMLU, "question": f'Which "ring",\nnumber {i}?', "answer": i % 4} for i in range(40)]
    zipped = mmlu_zip(tmp_path / "mmlu.zip", records)
    for name, source in (("zip", zipped), ("hub", write("hub.jsonl", records[::-1]))):
        done = script("mmlu", "--input", source, "--limit", 15, "--output", f"{name}.parquet", "--mode", "none")
        assert done.returncode == 0, done.stderr
    contents = [{row["prompt"][0]["content"] for row in read(tmp_path / f"{name}.parquet")} for name in ("zip", "hub")]
    assert len(contents[0]) == 15
    assert contents[0] == contents[1]


def test_mmlu_keeps_a_thousand_questions_unless_told_otherwise(script, write, tmp_path):
    records = [{**MMLU, "question": f"Which ring {i}?"} for i in range(1001)]
    script("mmlu", "--input", write("in.jsonl", records), "--output", "o.parquet", "--mode", "none")
    assert len(read(tmp_path / "o.parquet")) == 1000


def test_a_question_that_stands_twice_is_asked_once(script, write, tmp_path):
    done = script("mmlu", "--input", write("in.jsonl", [MMLU, MMLU]), "--output", "o.parquet", "--budgets", 512)
    assert "1 repeats dropped" in done.stdout
    assert [row["extra_info"]["index"] for row in read(tmp_path / "o.parquet")] == [0]


def test_a_bad_archive_is_refused_in_one_line(script, tmp_path):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(mmlu_zip(tmp_path / "good.zip", [MMLU]).read_bytes()[:-30])
    narrow = mmlu_zip(tmp_path / "narrow.zip", [MMLU], columns=5)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme", "nothing")
    for source, word in ((cut, "cut off"), (narrow, "5 columns"), (tmp_path / "other.zip", "no record")):
        done = script("mmlu", "--input", source, "--output", "o.parquet")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert word in done.stderr
    assert not (tmp_path / "o.parquet").exists()


def test_every_script_runs_from_a_clone_that_is_not_installed(tmp_path):
    scripts = sorted(DATA_PREP.glob("*_to_parquet.py"))
    assert len(scripts) == 13
    for path in scripts:
        # No PYTHONPATH: what the script finds, it finds by itself.
        environment = {"PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [sys.executable, path, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "--output" in done.stdout


def test_a_hub_data_set_of_several_configurations_is_read_in_their_order(tmp_path):
    # A folder in the hub's layout, read by the hub's own library.
    data = tmp_path / "hub"
    data.mkdir()
    (data / "one.jsonl").write_text(json.dumps({"question": "one", "answer": "1"}))
    (data / "two.jsonl").write_text(json.dumps({"question": "two", "answer": "2"}))
    (data / "README.md").write_text(
        "---\nconfigs:\n- config_name: I\n  data_files:\n  - split: test\n    path: one.jsonl\n"
        "- config_name: II\n  data_files:\n  - split: test\n    path: two.jsonl\n---\n"
    )
    code = (
        f"from l1_verl.data import hub; print([r['question'] for r in hub.load({str(data)!r}, ('I', 'II'), 'test')])"
    )
    environment = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=DATA_PREP, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "['one', 'two']", done.stderr
