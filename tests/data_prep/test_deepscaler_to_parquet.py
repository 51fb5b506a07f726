from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

RECORDS = [
    {"problem": "What is 1+1?", "answer": "2", "solution": ""},
    {"problem": "Blank", "answer": " ", "solution": ""},
    {"problem": "Disputed", "answer": "3", "solution": ""},
    {"problem": "Disputed", "answer": "4", "solution": ""},
    {"problem": "Disputed", "answer": "4", "solution": ""},
    {"problem": "What is 1+1? ", "answer": "$2$", "solution": ""},
    {"problem": "In a $benchmark$", "answer": "5", "solution": ""},
]


@pytest.fixture
def source(write):
    return write("train.json", RECORDS)


def read(path):
    return pq.read_table(path).to_pylist()


def kept(path):
    return [row["extra_info"]["index"] for row in read(path)]


def test_by_default_blank_disputed_and_repeated_rows_go_and_each_is_counted(script, source, tmp_path):
    done = script("deepscaler", "--input", source, "--output", "o.parquet")
    assert done.returncode == 0, done.stderr
    assert kept(tmp_path / "o.parquet") == [0, 6]
    assert "7 records read" in done.stdout
    assert "1 rows; 1 rows dropped" in done.stdout
    assert "2 problems (1 to the letter), 1 in more than notation, --contradictory drop; 3 rows dropped" in done.stdout
    assert "3 rows (2 to the letter), --repeats drop; 1 rows dropped" in done.stdout
    assert "2 rows (" in done.stdout


def test_a_row_is_what_the_contract_says(script, source, tmp_path):
    script("deepscaler", "--input", source, "--output", "o.parquet")
    row = read(tmp_path / "o.parquet")[0]
    assert len(row["extra_info"].pop("id")) == 16
    assert row == {
        "data_source": "deepscaler",
        "prompt": [
            {
                "role": "user",
                "content": r"What is 1+1? Let's think step by step and output the final answer within \boxed{}.",
            }
        ],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "2"},
        "extra_info": {"split": "train", "index": 0, "answer_type": "math", "budget": None},
    }


@pytest.mark.parametrize(
    ("flags", "indices"),
    [
        (["--contradictory", "majority"], [0, 3, 6]),
        (["--contradictory", "first"], [0, 2, 6]),
        (["--contradictory", "keep"], [0, 2, 3, 6]),
        (["--repeats", "keep"], [0, 5, 6]),
        (["--contradictory", "keep", "--repeats", "keep"], [0, 2, 3, 4, 5, 6]),
    ],
)
def test_flags_change_the_rules(script, source, tmp_path, flags, indices):
    assert script("deepscaler", "--input", source, "--output", "o.parquet", *flags).returncode == 0
    assert kept(tmp_path / "o.parquet") == indices


def test_blank_answers_can_be_refused(script, source, tmp_path):
    done = script("deepscaler", "--input", source, "--output", "o.parquet", "--blank", "refuse")
    assert done.returncode == 2
    assert "record 1" in done.stderr
    assert not (tmp_path / "o.parquet").exists()


def test_answers_that_the_grader_cannot_read_go_only_where_asked(script, write, tmp_path):
    pytest.importorskip("l1_verl.grading")
    answers = ["2", r"\frac{1}{2}", r"\div"]
    source = write("in.json", [{"problem": f"What is {answer}?", "answer": answer} for answer in answers])
    for flags, indices in (([], [0, 1, 2]), (["--drop-ungradable"], [0, 1])):
        done = script("deepscaler", "--input", source, "--output", "o.parquet", "--overwrite", *flags)
        assert done.returncode == 0, done.stderr
        assert kept(tmp_path / "o.parquet") == indices


def test_when_nothing_is_left_no_file_is_written(script, write, tmp_path):
    done = script("deepscaler", "--input", write("blank.json", RECORDS[1:2]), "--output", "o.parquet")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no row is left" in done.stderr
    assert not (tmp_path / "o.parquet").exists()


def test_a_record_that_cannot_be_used_costs_itself_and_the_exit_code_says_so(script, tmp_path):
    lines = [
        '{"problem": "What is 1+1?", "answer": "2"}',
        '{"problem": "cut',
        '{"answer": "3"}',
        '{"problem": 4, "answer": "4"}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    done = script("deepscaler", "--input", "in.jsonl", "--output", "o.parquet")
    assert done.returncode == 3, done.stderr
    assert "3 records cannot be used" in done.stderr
    assert kept(tmp_path / "o.parquet") == [0]
    strict = script("deepscaler", "--input", "in.jsonl", "--output", "strict.parquet", "--strict")
    assert (strict.returncode, strict.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "strict.parquet").exists()


def test_decontaminate_reads_upstream_files_and_rows_written_here(script, source, write, tmp_path):
    upstream = write("math.jsonl", [{"question": "in a benchmark."}])
    done = script("deepscaler", "--input", source, "--output", "o.parquet", "--decontaminate", upstream)
    assert "1 compared; 1 rows dropped" in done.stdout
    assert kept(tmp_path / "o.parquet") == [0]
    script("deepscaler", "--input", source, "--output", "again.parquet", "--decontaminate", "o.parquet")
    assert kept(tmp_path / "again.parquet") == [6]


def test_json_jsonl_and_parquet_give_the_same_rows(script, source, write, tmp_path):
    pq.write_table(pa.Table.from_pylist(RECORDS), tmp_path / "train.parquet")
    written = []
    for file in (source, write("train.jsonl", RECORDS), tmp_path / "train.parquet"):
        script("deepscaler", "--input", file, "--output", "o.parquet", "--overwrite")
        written.append((tmp_path / "o.parquet").read_bytes())
    assert written[0] == written[1] == written[2]


def test_same_input_and_seed_same_bytes_and_another_seed_other_rows(script, write, tmp_path):
    source = write("many.json", [{"problem": f"What is {i}?", "answer": str(i)} for i in range(200)])
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        script("deepscaler", "--input", source, "--limit", 20, "--seed", seed, "--output", f"{name}.parquet")
    a, b, c = ((tmp_path / f"{name}.parquet") for name in "abc")
    assert a.read_bytes() == b.read_bytes()
    assert kept(a) == sorted(kept(a))
    assert len(kept(a)) == 20
    assert kept(a) != kept(c)


def test_a_smaller_limit_keeps_a_part_of_what_a_larger_one_keeps(script, write, tmp_path):
    source = write("many.json", [{"problem": f"What is {i}?", "answer": str(i)} for i in range(50)])
    for limit in (5, 20, 99):
        script("deepscaler", "--input", source, "--limit", limit, "--output", f"{limit}.parquet")
    few, more, all_of_them = (set(kept(tmp_path / f"{limit}.parquet")) for limit in (5, 20, 99))
    assert few < more < all_of_them
    assert (len(few), len(more), len(all_of_them)) == (5, 20, 50)
