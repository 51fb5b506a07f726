"""A row of each layout that public data sets have, and what becomes of it."""

from __future__ import annotations

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

INSTRUCTION = r"Let's think step by step and output the final answer within \boxed{}."
CHOICE = r"Let's think step by step and output the final answer (eg, A, B) within \boxed{}."

# a record, and of its row: question, gold, answer type
FORMS = {
    "plain": ({"problem": "1+1?", "answer": "2"}, "1+1?", "2", "math"),
    "minerva, solution only": ({"problem": "1+1?", "solution": "It is \\boxed{2}.", "idx": 0}, "1+1?", "2", "math"),
    "STILL, a box as solution": ({"problem": "1+1?", "solution": "\\boxed{70}"}, "1+1?", "70", "math"),
    "GSM8K": ({"question": "1+1?", "answer": "<<1+1=2>>\n#### 1,800"}, "1+1?", "1800", "math"),
    "HMMT": ({"problem_idx": 1, "problem": "1+1?", "answer": "\\frac{1}{2}"}, "1+1?", "\\frac{1}{2}", "math"),
    "floats": ({"id": "a", "question": "1+1?", "answer": 70.0}, "1+1?", "70", "math"),
    "several answers": ({"question": "1+1?", "answer": ["0.01\n", "0.02"]}, "1+1?", '["0.01", "0.02"]', "math"),
    "AGIEval MATH": (
        {"passage": None, "question": "1+1?", "options": None, "label": None, "answer": "2", "other": None},
        "1+1?", "2", "math",
    ),
    "AGIEval choice": (
        {"passage": "Two.", "question": "Which?", "options": ["(A)one", "(B)two"], "label": "B", "answer": None},
        "Two.\n\nWhich?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "AQuA": (
        {"question": "Which?", "options": ["A)one", "B)two"], "rationale": "Two, so B", "correct": "B"},
        "Which?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "SAT, options in one text": (
        {"question": "Which?", "options": "A) one B) two", "Answer": "B"},
        "Which?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "MMLU": (
        {"question": "Which?", "subject": "x", "choices": ["one", "two"], "answer": 1},
        "Which?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "ARC, labels of its own": (
        {"question": "Which?", "choices": {"text": ["one", "two"], "label": ["1", "2"]}, "answerKey": "2"},
        "Which?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "options by letter": (
        {"question": "Which?", "options": {"A": "one", "B": "two"}, "answer": "two"},
        "Which?\n\nOptions:\nA. one\nB. two", "B", "choice",
    ),
    "GPQA, letters in the question": (
        {"problem": "Which?\nA. one\nB. two", "answer": "B"}, "Which?\nA. one\nB. two", "B", "choice",
    ),
    "GPQA, a boxed letter as solution": (
        {"problem": "Which?\n(A) one\n(B) two", "solution": "\\boxed{B}"}, "Which?\n(A) one\n(B) two", "B", "choice",
    ),
    "a letter that is a formula": ({"problem": "Which set?", "answer": "A"}, "Which set?", "A", "math"),
    "verl rows": (
        {
            "data_source": "x", "prompt": [{"role": "user", "content": "1+1? Answer in \\boxed{}."}],
            "reward_model": {"style": "rule", "ground_truth": "2"}, "extra_info": {"index": 0},
        },
        "1+1? Answer in \\boxed{}.", "2", "math",
    ),
}  # fmt: skip


def rows_of(path):
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_a_record_of_a_public_form_converts(script, write, form):
    record, question, gold, answer_type = FORMS[form]
    done = script("any", "--input", write("bench.jsonl", [record]), "--output", "o.parquet", "--budgets", 512)
    assert done.returncode == 0, done.stderr
    [row] = rows_of("o.parquet")
    prompt = row["prompt"][0]["content"]
    ending = {"math": f" {INSTRUCTION}", "choice": f"\n\n{CHOICE}"}[answer_type]
    assert prompt == (question if "\\boxed" in question else question + ending)
    assert (row["reward_model"]["ground_truth"], row["extra_info"]["answer_type"]) == (gold, answer_type)
    assert row["data_source"] == "bench/exact-512"


RECORDS = [{"problem": "1+1?", "answer": "2"}, {"problem": "1+2?", "answer": "3"}]


def _arrow(path, rows, writer):
    table = pa.Table.from_pylist(rows)
    with writer(path, table.schema) as file:
        file.write_table(table)


def _csv(path, rows):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)


WRAPPINGS = {
    "array.json": lambda path, rows: path.write_text(json.dumps(rows, indent=1)),
    "lines.json": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "array.jsonl": lambda path, rows: path.write_text(json.dumps(rows)),
    "data.json": lambda path, rows: path.write_text(json.dumps({"version": [{"n": 1}], "data": rows})),
    "ids.json": lambda path, rows: path.write_text(json.dumps({str(n): row for n, row in enumerate(rows)})),
    "columns.json": lambda path, rows: path.write_text(json.dumps({k: [r[k] for r in rows] for k in rows[0]})),
    "pandas.json": lambda path, rows: path.write_text(
        json.dumps({k: {str(n): row[k] for n, row in enumerate(rows)} for k in rows[0]})
    ),
    "split.json": lambda path, rows: path.write_text(
        json.dumps({"columns": list(rows[0]), "index": [0, 1], "data": [list(row.values()) for row in rows]})
    ),
    "bom.jsonl": lambda path, rows: path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, rows)).encode()),
    "packed.jsonl.gz": lambda path, rows: path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode())),
    "table.csv": _csv,
    "table.parquet": lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path),
    "stream.arrow": lambda path, rows: _arrow(path, rows, pa.ipc.new_stream),
    "file.arrow": lambda path, rows: _arrow(path, rows, pa.ipc.new_file),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_records_are_read_out_of_any_usual_wrapping(script, tmp_path, name):
    WRAPPINGS[name](tmp_path / name, RECORDS)
    done = script("any", "--input", tmp_path / name, "--output", "o.parquet", "--mode", "none")
    assert done.returncode == 0, done.stderr
    assert [row["reward_model"]["ground_truth"] for row in rows_of("o.parquet")] == ["2", "3"]


def test_fields_may_be_named_by_dotted_paths_and_ids_kept(script, write):
    record = {"task": {"text": "Which?"}, "opt_a": "one", "opt_b": "two", "key": {"is": "B"}, "n": 17}
    done = script(
        "any", "--input", write("x.json", [record]), "--output", "o.parquet", "--name", "mine",
        "--problem", "task.text", "--answer", "key.is", "--options", "opt_a", "opt_b", "--id", "n", "--budgets", 512,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [row] = rows_of("o.parquet")
    assert row["extra_info"]["id"] == "17"
    assert row["reward_model"]["ground_truth"] == "B"
    assert row["data_source"] == "mine/exact-512"


def test_rows_to_train_on_draw_their_budget(script, write):
    done = script("any", "--input", write("x.json", RECORDS), "--output", "o.parquet", "--train")
    assert done.returncode == 0, done.stderr
    facts = [(row["extra_info"]["split"], row["extra_info"]["budget"]) for row in rows_of("o.parquet")]
    assert facts == [("train", None)] * 2
    assert script("any", "--input", "x.json", "--output", "p.parquet", "--train", "--budgets", 5).returncode == 2


BAD = {
    "null answer": ({"problem": "x?", "answer": None}, "its answer is blank"),
    "blank answer": ({"problem": "x?", "answer": " "}, "its answer is blank"),
    "no problem": ({"answer": "2"}, "it has no text at problem"),
    "another letter": ({"question": "x?", "options": ["one", "two"], "answer": "E"}, "none of its 2 options"),
    "number for a text": ({"problem": 7, "answer": "2"}, "it has no text at problem"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_record_costs_itself_alone_and_is_named(script, write, fault):
    record, why = BAD[fault]
    path = write("x.jsonl", [RECORDS[0], record, RECORDS[1]])
    done = script("any", "--input", path, "--output", "o.parquet", "--mode", "none")
    assert done.returncode == 3
    assert "1 records cannot be used" in done.stderr
    assert why in done.stderr
    assert "record 1 (from 0)" in done.stderr
    assert len(rows_of("o.parquet")) == 2
    strict = script("any", "--input", path, "--output", "p.parquet", "--strict")
    assert (strict.returncode, why in strict.stderr) == (2, True)


def test_a_line_that_cannot_be_read_costs_itself_alone(script, tmp_path):
    (tmp_path / "x.jsonl").write_bytes(json.dumps(RECORDS[0]).encode() + b'\n{"problem": "\xe9"\n[1]\n')
    done = script("any", "--input", "x.jsonl", "--output", "o.parquet", "--mode", "none")
    assert done.returncode == 3
    assert "2 records cannot be used" in done.stderr
    assert "line 2 is not valid JSON" in done.stderr


def test_one_id_for_two_problems_is_a_fault(script, write):
    path = write("x.jsonl", [{**record, "n": 1} for record in RECORDS])
    done = script("any", "--input", path, "--output", "o.parquet", "--id", "n", "--mode", "none")
    assert done.returncode == 3
    assert "its id '1' is also that of record 0" in done.stderr


def test_a_null_answer_among_the_training_problems_is_a_blank_one(script, write):
    path = write("x.jsonl", [*RECORDS, {"problem": "x?", "answer": None}])
    done = script("deepscaler", "--input", path, "--output", "o.parquet")
    assert done.returncode == 0, done.stderr
    assert "1 rows; 1 rows dropped" in done.stdout
    assert len(rows_of("o.parquet")) == 2


@pytest.mark.parametrize("name", ["minerva", "aime2024", "aime2025", "math500"])
def test_a_benchmark_without_answers_takes_them_from_its_solutions(script, write, name):
    path = write("x.jsonl", [{"problem": "1+1?", "solution": "First \\boxed{7}, no: \\boxed{70}."}])
    done = script(name, "--input", path, "--output", "o.parquet", "--mode", "none")
    assert done.returncode == 0, done.stderr
    assert rows_of("o.parquet")[0]["reward_model"]["ground_truth"] == "70"


@pytest.mark.parametrize(
    ("name", "record", "gold"),
    [
        ("gsm8k", {"question": "1+1?", "answer": "<<1+1=2>>2\n#### 1,800"}, "1800"),
        (
            "hmmt",
            {"problem_idx": 1, "problem": "1+1?", "answer": "\\frac{1}{2}", "problem_type": ["Algebra"]},
            "\\frac{1}{2}",
        ),
    ],
)
def test_gsm8k_and_hmmt_have_scripts_of_their_own(script, write, name, record, gold):
    done = script(name, "--input", write("x.jsonl", [record]), "--output", "o.parquet", "--budgets", 512)
    assert done.returncode == 0, done.stderr
    [row] = rows_of("o.parquet")
    assert (row["reward_model"]["ground_truth"], row["data_source"]) == (gold, f"{name}/exact-512")
