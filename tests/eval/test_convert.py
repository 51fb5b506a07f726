"""Files of other systems through convert, grade and report, and what single bad rows, kills and options do."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from verl.trainer.ppo.v1.trainer_base import PPOTrainer

from eval import grade
from eval.convert import __main__ as convert
from eval.files import read_config, read_lines
from eval.report import __main__ as report
from l1_verl.budget import Budget
from l1_verl.cli import InputError
from l1_verl.data.rows import INSTRUCTION, math_problem, write_rows
from l1_verl.reward_manager import LCPORewardManager
from recipes.tiny.tokenizer import EOS, build_tokenizer
from tests.signals import kill_when
from tests.test_reward_manager import config as reward_config
from tests.test_reward_manager import sample as reward_sample

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(report.__file__).parent / "schema.json").read_text())
GOOD = {"problem": "What is 1+1?", "answer": "2", "response": "</think>\\boxed{2}", "tokens": 10}


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def converted(path: Path, *more: str, code: int = 0) -> list[dict[str, Any]]:
    output = path.with_name("samples.jsonl")
    assert convert.main([str(path), "--output", str(output), *more]) == code
    return list(read_lines(output))


def measured(path: Path) -> dict[str, Any]:
    """A file's results, through the three commands with no more than their defaults."""
    converted(path)
    graded, output = path.with_name("graded.jsonl"), path.with_name("report")
    grade.main([str(path.with_name("samples.jsonl")), "--output", str(graded), "--workers", "1"])
    report.main(["--runs", f"run={graded}", "--output", str(output)])
    results = json.loads((output / "results.json").read_text())
    jsonschema.validate(results, SCHEMA)
    return results["runs"][0] | {"page": (output / "report.html").read_text()}


def retest(budget: int, right: int, miss: int) -> list[dict[str, Any]]:
    """50 lines in the form of an independent re-test of L1-Exact on MATH-500, at one budget."""
    return [
        {
            "dataset": "math500",
            "problem_id": f"p{number}",
            "source_index": number,
            "problem": f"What is {number} + 1?",
            "answer": str(number + 1),
            "budget": budget,
            "seed": 42,
            "rendered_prompt": f"<｜User｜>What is {number} + 1?\n\nThink for {budget} tokens.<｜Assistant｜>",
            "text": f"<think>\nSo.\n</think>\n\n\\boxed{{{number + 1 if number < right else 'x'}}}",
            "token_ids": [151648, 198],
            "total_tokens": budget + (miss if number % 2 else -miss),
            "reasoning_tokens": budget - miss - 20,
            "answer_tokens": 19,
            "finish_reason": "stop",
            "stop_reason": None,
            "correct": number < right,
            "legacy_correct": True,
        }
        for number in range(50)
    ]


def test_a_published_retest_of_l1_gives_its_published_numbers(tmp_path):
    rows = [*retest(512, 38, 134), *retest(1024, 39, 164), *retest(3600, 44, 241)]
    run = measured(write(tmp_path / "reference_l1.samples.jsonl", rows))
    found = {
        cell["budget"]: [round(cell["metrics"][name]["value"], 3) for name in ("accuracy", "mean_abs_error")]
        for cell in run["cells"]
    }
    assert found == {512: [0.76, 0.262], 1024: [0.78, 0.160], 3600: [0.88, 0.067]}
    assert {(cell["benchmark"], cell["mode"], cell["n"]) for cell in run["cells"]} == {("math500", "exact", 50)}
    assert run["problems"] == 50
    assert run["pooled"][0]["monotone"] == 1.0
    assert run["labelled"][0]["agreement"]["value"] == 1.0
    assert run["token_sources"] == {"file": 150}


@pytest.mark.parametrize("count", ["response", "thinking"])
def test_what_our_reward_manager_and_verl_dump_of_a_validation_becomes_adherence(tmp_path, count):
    tokenizer = build_tokenizer()
    manager = LCPORewardManager(reward_config(count=count), tokenizer)
    prompts = ["What is 9 + 20? Think for 20 tokens.", "What is 9 + 20? Think for maximum 40 tokens."]
    texts = [f"36:29\n</think>\n\\boxed{{29}}{EOS}", f"36:2\n</think>\n\\boxed{{28}}{EOS}"]
    budgets = [{"mode": "exact", "tokens": 20}, {"mode": "max", "tokens": 40}]
    data = [reward_sample(tokenizer, text, budget) for text, budget in zip(texts, budgets, strict=True)]
    results = [asyncio.run(manager.run_single(batch)) for batch, _ in data]
    facts = {key: [r["reward_extra_info"][key] for r in results] for key in results[0]["reward_extra_info"]}
    scores = [result["reward_score"] for result in results]
    outputs = [text.removesuffix(EOS) for text in texts]
    PPOTrainer._write_generations(prompts, outputs, ["29", "29"], scores, facts, str(tmp_path / "val"), 50)
    run = measured(tmp_path / "val" / "50.jsonl")
    used = [length for _, length in data]
    assert [sample["used_tokens"] for sample in read_lines(tmp_path / "val" / "samples.jsonl")] == used
    cells = {(cell["benchmark"], cell["mode"], cell["budget"]): cell["metrics"] for cell in run["cells"]}
    assert cells["val", "exact", 20]["mean_abs_error"]["value"] == pytest.approx(abs(used[0] - 20) / 20)
    assert cells["val", "max", 40]["over_budget"]["value"] == 0.0
    assert [cells[key]["accuracy"]["value"] for key in sorted(cells)] == [1.0, 0.0]
    assert run["labelled"][0]["agreement"]["value"] == 1.0


def test_without_tokens_there_are_grades_and_a_page_and_lengths_stay_unknown(tmp_path):
    rows = [
        {"idx": n, "question": f"{n}?", "gt": "2", "code": ["\\boxed{2}"] * 4, "score": [True] * 4} for n in range(5)
    ]
    run = measured(write(tmp_path / "amc23.jsonl", rows))
    [cell] = run["cells"]
    assert cell["metrics"]["accuracy"]["value"] == 1.0
    assert cell["metrics"]["used_tokens"]["value"] is None
    assert cell["lengths"] == {"counts": [], "edges": []}
    assert cell["voting"][0]["tokens"] is None
    assert run["token_sources"] == {"unknown": 20}
    assert "Who counted the tokens" in run["page"]


def test_tokens_are_counted_again_where_the_file_tells_none_and_marked_so(tmp_path):
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    text = "36:29\n</think>\n\\boxed{29}"
    told = {"question": "b?", "gold": "29", "response": text, "used_tokens": 7}
    path = write(tmp_path / "out.jsonl", [{"question": "a?", "gold": "29", "response": text}, told])
    again, kept = converted(path, "--tokenizer", str(tmp_path / "tokenizer"))
    assert again["used_tokens"] == len(tokenizer(text, add_special_tokens=False).input_ids)
    assert again["thinking_tokens"] == len(tokenizer("36:29\n</think>", add_special_tokens=False).input_ids)
    assert (again["token_source"], kept["token_source"], kept["used_tokens"]) == ("recounted", "file", 7)


@pytest.mark.parametrize(
    ("source", "kept"),
    [("math/level-5", "math_level-5/none"), ("math/level-low", "math/none"), ("math/exact-0", "math/exact-0")],
)
def test_a_benchmark_keeps_a_part_of_its_name_that_is_no_budget(tmp_path, source, kept):
    [sample] = converted(write(tmp_path / "out.jsonl", [{**GOOD, "benchmark": source}]))
    assert sample["data_source"] == kept


BAD = [
    ({**GOOD, "response": None}, "response"),
    ({**GOOD, "response": 7}, "its response is 7"),
    ({**GOOD, "answer": " "}, "must not be empty"),
    ({**GOOD, "answer": None}, "no gold answer"),
    ({**GOOD, "tokens": "many"}, "tokens used is 'many'"),
    ({**GOOD, "tokens": -4}, "tokens used is -4"),
    ({**GOOD, "budget": 0.5}, "budget is 0.5"),
    ({**GOOD, "budget": {"mode": "exact", "tokens": 512.7}}, "512.7"),
    ({**GOOD, "budget": 512, "mode": "think"}, "mode is 'think'"),
    ({**GOOD, "thinking_tokens": 11}, "the thought has 11 tokens"),
    ("{not json", "line 2 is not valid JSON"),
    ("[1, 2]", "must be an object"),
]


@pytest.mark.parametrize(("bad", "why"), BAD, ids=[why for _, why in BAD])
def test_a_row_that_cannot_be_used_costs_itself_alone_and_is_named(tmp_path, capsys, bad, why):
    path = write(tmp_path / "out.jsonl", [GOOD, bad, {**GOOD, "problem": "Again?"}])
    converted(path, code=3)
    assert len(list(read_lines(tmp_path / "samples.jsonl"))) == 2
    said = capsys.readouterr().err
    assert "1 rows or responses cannot be used" in said
    assert why in said


def test_strict_refuses_a_file_with_a_bad_row_and_leaves_nothing(tmp_path):
    path = write(tmp_path / "out.jsonl", [GOOD, {**GOOD, "response": None}])
    with pytest.raises(InputError, match=r"--strict is given; row 1 \(from 0\)"):
        converted(path, "--strict")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out.jsonl"]


def test_a_file_of_which_no_row_can_be_used_is_refused_with_the_first_reason(tmp_path):
    path = write(tmp_path / "out.jsonl", [{"a": 1}, {"a": 2}])
    with pytest.raises(
        InputError, match=r"no row can be used; row 0 \(from 0\): it has no response at .* fields are a"
    ):
        converted(path)
    assert not (tmp_path / "samples.jsonl").exists()


def test_fields_are_found_by_paths_and_several_samples_in_a_list(tmp_path):
    row = {
        "task": {"q": "What is 1+1?", "gold.text": "2"},
        "runs": [{"say": "\\boxed{2}", "n": [7]}, {"say": "\\boxed{3}", "n": [8]}],
        "asked": 512,
    }
    path = write(tmp_path / "out.jsonl", [row])
    paths = ["--response", "runs.*.say", "--gold", "task.gold.text", "--problem", "task.q", "--tokens", "runs.*.n.0"]
    one, two = converted(path, *paths, "--budget", "asked", "--mode", "max", "--benchmark", "sums")
    assert (one["used_tokens"], two["used_tokens"]) == (7, 8)
    assert one["budget"] == {"mode": "max", "tokens": 512}
    assert one["data_source"] == "sums/max-512"
    assert (one["sample"], two["sample"], two["response"]) == (0, 1, "\\boxed{3}")
    assert read_config(tmp_path / "samples.jsonl")["converted"]["fields"]["tokens"] == "runs.*.n.0"


def test_a_field_of_a_known_form_can_be_taken_from_elsewhere(tmp_path):
    row = {"input": "1+1?", "output": "\\boxed{2}", "gts": "?", "score": 0.0, "true": "2", "n": 512}
    [sample] = converted(write(tmp_path / "dump.jsonl", [row]), "--gold", "true", "--budget", "n")
    assert (sample["ground_truth"], sample["budget"]) == ("2", {"mode": "exact", "tokens": 512})


@pytest.fixture
def benchmarks(tmp_path):
    """Two benchmarks, as data_prep writes them."""
    paths = []
    for name, problems in (("sums", 3), ("more", 2)):
        rows = [
            math_problem(n, f"What is {n} + {len(name)}?", str(n + len(name))).row(
                f"{name}/exact-512", "test", Budget("exact", 512)
            )
            for n in range(problems)
        ]
        write_rows(rows, tmp_path / f"{name}.parquet")
        paths.append(str(tmp_path / f"{name}.parquet"))
    return paths


def test_answers_ids_and_names_come_from_the_rows_that_were_asked(tmp_path, benchmarks):
    ids = {name: math_problem(0, f"What is 1 + {n}?", str(1 + n)).id for name, n in (("sums", 4), ("more", 4))}
    body = {
        "choices": [{"message": {"content": "\\boxed{5}"}, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 9},
    }
    batch = {"custom_id": ids["sums"], "response": {"status_code": 200, "body": body}, "error": None}
    [sample] = converted(write(tmp_path / "batch.jsonl", [batch]), "--data", *benchmarks, "--budget", "512")
    assert (sample["ground_truth"], sample["row_id"]) == ("5", ids["sums"])
    assert sample["data_source"] == "sums/exact-512"


def test_a_dump_of_several_benchmarks_is_parted_by_the_rows_that_were_asked(tmp_path, benchmarks):
    dump = [
        {
            "input": f"system\nBe brief.\nuser\nWhat is 1 + {n}? {INSTRUCTION} Think for 512 tokens.\nassistant\n",
            "output": "\\boxed{5}", "gts": str(1 + n), "score": 1.0, "step": 5,
        }
        for n in (4, 7)
    ]  # fmt: skip
    known, unknown = converted(write(tmp_path / "5.jsonl", dump), "--data", *benchmarks)
    assert known["data_source"] == "sums/exact-512"
    assert known["problem"] == f"What is 1 + 4? {INSTRUCTION}"
    assert unknown["data_source"] == f"{tmp_path.name}/exact-512"


def test_a_file_without_golds_says_how_to_give_them(tmp_path):
    with pytest.raises(
        InputError, match=r"it has no gold answer \(--gold .* --data .*\); its fields are problem, response"
    ):
        converted(write(tmp_path / "out.jsonl", [{"problem": "x?", "response": "y"}]))


def test_a_budget_for_all_rows_is_a_number(tmp_path):
    [sample] = converted(write(tmp_path / "out.jsonl", [GOOD]), "--budget", "1024", "--mode", "max")
    assert sample["data_source"] == "out/max-1024"


def test_problems_are_told_apart_by_their_text_and_without_any_by_id_or_row(tmp_path):
    told = [{**GOOD, "id": n, "budget": tokens} for n, tokens in enumerate((512, 1024))]
    assert len({sample["row_id"] for sample in converted(write(tmp_path / "a.jsonl", told))}) == 1
    bare = [{"id": n // 2, "gold": "2", "response": "\\boxed{2}"} for n in range(4)]
    samples = converted(write(tmp_path / "b.jsonl", bare), "--overwrite")
    assert [(sample["row_id"], sample["sample"]) for sample in samples] == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]
    nameless = [{"gold": "2", "response": ["\\boxed{2}", "\\boxed{3}"]}] * 3
    samples = converted(write(tmp_path / "c.jsonl", nameless), "--overwrite")
    assert len(samples) == 6
    assert len({sample["row_id"] for sample in samples}) == 3


def test_an_output_that_exists_is_replaced_only_when_asked_to(tmp_path):
    path = write(tmp_path / "out.jsonl", [GOOD])
    converted(path)
    with pytest.raises(InputError, match="exists; --overwrite replaces it"):
        converted(path)
    write(path, [GOOD, {**GOOD, "problem": "Again?"}])
    assert len(converted(path, "--overwrite")) == 2


def test_a_killed_conversion_goes_on_and_neither_loses_nor_repeats_a_row(tmp_path):
    path = write(tmp_path / "out.jsonl", [{**GOOD, "problem": f"What is {n}?", "tokens": n} for n in range(20_000)])
    output, partial = tmp_path / "samples.jsonl", tmp_path / ".samples.jsonl.partial"
    command = [sys.executable, "-m", "eval.convert", str(path), "--output", str(output)]
    kill_when(lambda: partial.exists() and partial.stat().st_size > 100_000, command, cwd=ROOT)
    assert not output.exists()
    before = partial.read_bytes().rpartition(b"\n")[0]
    assert 0 < before.count(b"\n") < 19_999
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = output.read_bytes()
    assert after.startswith(before)
    assert [sample["used_tokens"] for sample in read_lines(output)] == list(range(20_000))
    assert not partial.exists()
    whole = tmp_path / "whole.jsonl"
    convert.main([str(path), "--output", str(whole)])
    assert whole.read_bytes() == after


def test_what_an_interrupted_conversion_left_of_another_file_is_refused(tmp_path):
    path = write(tmp_path / "out.jsonl", [GOOD] * 3)
    partial = tmp_path / ".samples.jsonl.partial"
    converted(path)
    (tmp_path / "samples.jsonl").rename(partial)
    (tmp_path / "samples.jsonl.config.json").rename(tmp_path / ".samples.jsonl.partial.config.json")
    write(path, [GOOD])
    with pytest.raises(InputError, match="begun with another configuration"):
        converted(path)
    assert len(converted(path, "--overwrite")) == 1


#: rk9595's re-test of the released L1-Exact on MATH-500: budget, accuracy, mean absolute error, n = 50.
RETEST = ((512, 0.76, 0.262), (1024, 0.78, 0.160), (3600, 0.88, 0.067))


def test_a_published_retest_comes_out_of_a_file_synthesised_to_its_numbers(tmp_path):
    rows = [
        {
            "problem_id": f"math500/{n}",
            "problem": f"What is {n} + 1?",
            "answer": str(n + 1),
            "budget": budget,
            "text": f"<think>...</think> \\boxed{{{n + 1 if n < round(50 * accuracy) else -1}}}",
            "total_tokens": round(budget * (1 + error * (1 if n % 2 else -1))),
            "reasoning_tokens": 10,
            "finish_reason": "stop",
            "correct": n < round(50 * accuracy),
        }
        for budget, accuracy, error in RETEST
        for n in range(50)
    ]
    path = write(tmp_path / "reference_l1.samples.jsonl", rows)
    run = measured(path)
    found = [(cell["budget"], cell["n"], cell["metrics"]) for cell in run["cells"]]
    assert [(budget, n) for budget, n, _ in found] == [(budget, 50) for budget, _, _ in RETEST]
    for (_, _, metrics), (_, accuracy, error) in zip(found, RETEST, strict=True):
        assert metrics["accuracy"]["value"] == pytest.approx(accuracy)
        assert metrics["mean_abs_error"]["value"] == pytest.approx(error, abs=0.001)
    assert run["labelled"][0]["agreement"]["value"] == 1
