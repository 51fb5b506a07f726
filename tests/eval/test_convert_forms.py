"""One row of each published layout, written by hand, and what becomes of it."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.convert import __main__ as convert
from eval.files import read_config, read_lines

BOXED = "<think>\nIt is one half.\n</think>\n\nSo \\boxed{\\frac{1}{2}}."
DUMP = {
    "input": "user\nWhat is 1/4+1/4? Think for maximum 512 tokens.\nassistant\n",
    "output": BOXED,
    "gts": "1/2",
    "score": 0.7,
    "step": 50,
    "reward": 0.7,
    "acc": 1.0,
    "length_reward": -0.3,
    "budget_tokens": 512.0,
    "used_tokens": 400.0,
    "response_tokens": 430.0,
    "solution_tokens": 30.0,
    "length_error": -0.21875,
    "truncated": 0.0,
    "uid": "6f_0_0",
}
UNBUDGETED = {**DUMP, "budget_tokens": math.nan, "length_error": math.nan, "acc": 0.0, "truncated": 1.0}
FOREIGN_DUMP = {"input": "What is 1/4+1/4?", "output": BOXED, "gts": "1/2", "score": 1.0, "step": 1, "uid": "a_0_0"}
LM_EVAL = {
    "doc_id": 7,
    "doc": {"question": "What is 1/4+1/4?", "answer": "A quarter and a quarter.\n#### 1/2"},
    "target": "A quarter and a quarter.\n#### 1/2",
    "arguments": {"gen_args_0": {"arg_0": "Question: What is 1/4+1/4?\nAnswer:", "arg_1": {"until": []}}},
    "resps": [[BOXED, "\\boxed{3}"]],
    "filtered_resps": ["1/2"],
    "filter": "strict-match",
    "metrics": ["exact_match"],
    "doc_hash": "d0",
    "prompt_hash": "p0",
    "target_hash": "t0",
    "exact_match": 1.0,
}
LM_EVAL_OURS = {
    "doc_id": 0,
    "doc": {
        "data_source": "aime2025/exact-512",
        "prompt": [{"role": "user", "content": "What is 1/4+1/4?"}],
        "reward_model": {"style": "rule", "ground_truth": "1/2"},
        "extra_info": {"id": "038c", "answer_type": "math", "budget": {"mode": "exact", "tokens": 512}},
    },
    "target": "1/2",
    "arguments": [['[{"role": "user", "content": "What is 1/4+1/4? Think for 512 tokens."}]', {}]],
    "resps": [[BOXED]],
    "filtered_resps": [BOXED],
    "filter": "none",
    "metrics": ["acc", "no_answer"],
    "acc": 1.0,
    "no_answer": 0.0,
}
QWEN = {
    "idx": 3,
    "question": "What is 1/4+1/4?",
    "gt_cot": "One half.",
    "gt": "1/2",
    "solution": "One half.",
    "code": [BOXED, "\\boxed{3}"],
    "pred": ["\\frac{1}{2}", "3"],
    "report": [None, None],
    "score": [True, False],
}
NEMO = {
    "generation": "So \\boxed{\\frac{1}{2}}.",
    "reasoning_content": "It is one half.",
    "id": "algebra/3",
    "problem": "What is 1/4+1/4?",
    "reference_solution": "One half.",
    "expected_answer": "1/2",
    "predicted_answer": "\\frac{1}{2}",
    "is_correct": True,
    "num_generated_tokens": 400,
}
LIGHTEVAL = {
    "doc": {"query": "What is 1/4+1/4?", "choices": ["1/2"], "gold_index": [0], "task_name": "lighteval|aime24|0"},
    "metric": {"extractive_match": 1.0},
    "model_response": {"text": [BOXED], "output_tokens": [list(range(400))], "input": "What is 1/4+1/4?"},
}
LIGHTEVAL_OLD = {
    "example": "What is 1/4+1/4?",
    "full_prompt": "Question: What is 1/4+1/4?\nAnswer:",
    "gold": ["1/2"],
    "predictions": str([BOXED]),
    "cont_tokens": [list(range(400))],
    "choices": [],
    "gold_index": [],
    "metrics": {"extractive_match": 1.0},
}
LIGHTEVAL_CHOICE = {
    "doc": {"query": "Which?\nA) 1\nB) 1/2", "choices": ["A", "B"], "gold_index": [1], "task_name": "gpqa:diamond|0"},
    "metric": {"gpqa_pass@k": 1.0},
    "model_response": {"text": ["Answer: \\boxed{B}"], "output_tokens": [], "input": None},
}
INSPECT = {
    "id": 3,
    "epoch": 1,
    "input": [{"role": "user", "content": "attachment://aa"}],
    "attachments": {"aa": "What is 1/4+1/4?"},
    "target": "1/2",
    "messages": [],
    "output": {
        "model": "m",
        "choices": [
            {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"type": "reasoning", "reasoning": "It is one half."},
                        {"type": "text", "text": "So \\boxed{\\frac{1}{2}}."},
                    ],
                },
                "stop_reason": "max_tokens",
            }
        ],
        "usage": {"input_tokens": 20, "output_tokens": 400, "total_tokens": 420, "reasoning_tokens": 370},
    },
    "scores": {"match": {"value": "C", "answer": "1/2"}},
}
CHAT = {
    "id": "q3",
    "question": "What is 1/4+1/4?",
    "answer": "1/2",
    "response": {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "length",
                "message": {
                    "role": "assistant",
                    "reasoning_content": "It is one half.",
                    "content": "So \\boxed{\\frac{1}{2}}.",
                },
            }
        ],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 400,
            "total_tokens": 420,
            "completion_tokens_details": {"reasoning_tokens": 370},
        },
    },
}
BATCH = {
    "custom_id": "q3",
    "answer": "1/2",
    "response": {"status_code": 200, "request_id": "r", "body": CHAT["response"]},
    "error": None,
}
RESPONSES = {
    "responses_create_params": {"input": [{"role": "user", "content": "What is 1/4+1/4?", "type": "message"}]},
    "response": {
        "object": "response",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "It is one half."}]},
            {"type": "message", "content": [{"type": "output_text", "text": "So \\boxed{\\frac{1}{2}}."}]},
        ],
        "usage": {"input_tokens": 20, "output_tokens": 400, "output_tokens_details": {"reasoning_tokens": 370}},
    },
    "expected_answer": "1/2",
    "reward": 1.0,
}
SITE = {
    "dataset": "aime",
    "id": "aime_1",
    "problem": "What is 1/4+1/4?",
    "correct_answer": "1/2",
    "responses": {
        "LCPO-Exact,512": {"text": BOXED, "is_correct": True, "tokens": 500},
        "LCPO-Max,1024": {"text": BOXED, "is_correct": True, "tokens": 324},
    },
}
L1_PARQUET = {
    "data_source": "",
    "prompt": [{"role": "user", "content": "What is 1/4+1/4? Think for maximum 512 tokens."}],
    "ability": "math",
    "reward_model": {"style": "rule", "ground_truth": "1/2", "num_tokens": -512},
    "extra_info": {"split": "test", "index": 0},
    "responses": [BOXED, "\\boxed{3}"],
    "token_lengths": [400, 12],
}
GYM = {
    "metadata": {"model": "m", "eval_repeats": 2},
    "categories": [
        {
            "name": "reasoning",
            "datasets": [
                {
                    "name": "hf://datasets/Maxwell-Jia/AIME_2024/aime_2024_problems.parquet",
                    "average_score": 0.5,
                    "results": [
                        {
                            "question": "What is 1/4+1/4?",
                            "expected_answer": "1/2",
                            "best_score": 1,
                            "completions": [
                                {"model_answer": "1/2", "full_model_response": BOXED, "score": 1},
                                {"model_answer": "3", "full_model_response": "\\boxed{3}", "score": 0},
                            ],
                        }
                    ],
                }
            ],
        }
    ],
}
RETEST = {
    "dataset": "math500",
    "problem_id": "49dd",
    "source_index": 498,
    "problem": "What is 1/4+1/4?",
    "answer": "1/2",
    "budget": 512,
    "seed": 42,
    "rendered_prompt": "<｜User｜>What is 1/4+1/4? Think for maximum 512 tokens.<｜Assistant｜>",
    "text": BOXED,
    "token_ids": [151648, 198],
    "total_tokens": 507,
    "reasoning_tokens": 486,
    "answer_tokens": 19,
    "finish_reason": "stop",
    "correct": True,
    "legacy_correct": True,
}

# name of the file, what it holds, the form, and of its samples: benchmark and budget, used, thinking, label, truncated
CASES: list[tuple[str, Any, str, list[tuple[Any, ...]]]] = [
    ("50.jsonl", [DUMP, UNBUDGETED], "verl", [
        ("val/max-512", 430, 400, True, False), ("val/none", 430, 400, False, True),
    ]),
    ("1.jsonl", [FOREIGN_DUMP], "verl", [("val/none", None, None, True, None)]),
    ("samples_gsm8k.jsonl", [LM_EVAL, {**LM_EVAL, "filter": "flexible-extract", "exact_match": 0.0}], "lm-eval", [
        ("samples_gsm8k/none", None, None, None, None), ("samples_gsm8k/none", None, None, None, None),
    ]),
    ("samples_l1.jsonl", [LM_EVAL_OURS], "lm-eval", [("aime2025/exact-512", None, None, True, None)]),
    ("math500.jsonl", [QWEN], "qwen-math", [
        ("math500/none", None, None, True, None), ("math500/none", None, None, False, None),
    ]),
    ("output-rs0.jsonl", [NEMO], "nemo-skills", [("output-rs0/none", 400, None, True, None)]),
    ("details.parquet", [LIGHTEVAL], "lighteval", [("aime24/none", 400, None, True, None)]),
    ("old.parquet", [LIGHTEVAL_OLD], "lighteval", [("old/none", 400, None, True, None)]),
    ("log.json", {"version": 2, "plan": {"steps": [{}]}, "samples": [INSPECT]}, "inspect", [
        ("log/none", 400, 370, True, True),
    ]),
    ("chat.jsonl.gz", [CHAT], "openai", [("chat/none", 400, 370, None, True)]),
    ("batch.jsonl", [BATCH], "openai", [("batch/none", 400, 370, None, True)]),
    ("rollouts.jsonl", [RESPONSES], "openai", [("rollouts/none", 400, 370, True, True)]),
    ("comparison.json", [SITE], "l1-site", [
        ("aime_LCPO-Exact/exact-512", 500, None, True, None), ("aime_LCPO-Max/max-1024", 324, None, True, None),
    ]),
    ("aime.parquet", [L1_PARQUET], "l1", [
        ("aime/max-512", 400, None, None, None), ("aime/max-512", 12, None, None, None),
    ]),
    ("results.json", GYM, "reasoning-gym", [
        ("aime_2024_problems/none", None, None, True, None), ("aime_2024_problems/none", None, None, False, None),
    ]),
    ("retest.jsonl", [RETEST], "flat", [("math500/max-512", 507, 486, True, False)]),
]  # fmt: skip


def write(path: Path, content: Any) -> Path:
    import gzip

    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(content), path)
        return path
    lines = isinstance(content, list) and ".jsonl" in path.name
    text = "".join(json.dumps(row) + "\n" for row in content) if lines else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def converted(path: Path, *more: str, code: int = 0) -> list[dict[str, Any]]:
    output = path.parent / "out" / "samples.jsonl"
    assert convert.main([str(path), "--output", str(output), *more]) == code
    return list(read_lines(output))


@pytest.mark.parametrize(("name", "content", "form", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_published_layout_is_recognised_and_read(tmp_path, name, content, form, expected):
    (tmp_path / "val").mkdir()
    samples = converted(write(tmp_path / "val" / name, content))
    kept = ("data_source", "used_tokens", "thinking_tokens", "label", "truncated")
    assert [tuple(sample[key] for key in kept) for sample in samples] == expected
    assert [sample["sample"] for sample in samples if sample["budget"] == samples[0]["budget"]][:1] == [0]
    assert samples[0]["ground_truth"] == "1/2"
    assert samples[0]["response"].replace("\n\n", "\n") == BOXED.replace("\n\n", "\n")
    assert "1/4+1/4" in samples[0]["problem"] or name == "batch.jsonl"
    assert "Think for" not in samples[0]["problem"]
    config = read_config(tmp_path / "val" / "out" / "samples.jsonl")["converted"]
    assert (config["form"], config["file"]) == (form, name)


def test_the_archive_of_inspect_names_its_task(tmp_path):
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({"eval": {"task": "fractions"}}))
        archive.writestr("samples/3_epoch_1.json", json.dumps(INSPECT))
        archive.writestr("samples/4_epoch_1.json", json.dumps({**INSPECT, "id": 4}))
        archive.writestr("summaries.json", "[]")
    samples = converted(path)
    assert [sample["data_source"] for sample in samples] == ["fractions/none"] * 2
    assert samples[0]["problem"] == "What is 1/4+1/4?"


def test_options_by_letter_are_a_choice(tmp_path):
    [sample] = converted(write(tmp_path / "gpqa.parquet", [LIGHTEVAL_CHOICE]))
    assert (sample["answer_type"], sample["ground_truth"], sample["data_source"]) == (
        "choice",
        "B",
        "gpqa:diamond/none",
    )


def test_a_task_of_log_likelihoods_says_that_it_has_no_responses(tmp_path, capsys):
    likelihoods = {**LM_EVAL, "doc_id": 8, "resps": [[["-1.5", "False"]], [["-0.5", "True"]]]}
    converted(write(tmp_path / "samples.jsonl", [LM_EVAL, likelihoods]), code=3)
    assert "row 1 (from 0): its resps hold no text" in capsys.readouterr().err


def test_a_choice_among_several_answers_of_a_server_shares_no_count(tmp_path):
    two = json.loads(json.dumps(CHAT))
    two["response"]["choices"] *= 2
    samples = converted(write(tmp_path / "chat.jsonl", [two]))
    assert [sample["used_tokens"] for sample in samples] == [None, None]
    assert [sample["sample"] for sample in samples] == [0, 1]


def test_a_dump_s_budget_is_meant_as_the_reward_manager_understood_it(tmp_path):
    silent = {**DUMP, "input": "What is 1/4+1/4?"}
    path = write(tmp_path / "1.jsonl", [{**silent, "budget_is_max": 1.0}, {**silent, "budget_is_max": 0.0}])
    assert [sample["budget"]["mode"] for sample in converted(path)] == ["max", "exact"]


def test_a_problem_is_one_under_every_budget(tmp_path):
    rows = [{**DUMP, "input": DUMP["input"].replace("512", n), "budget_tokens": float(n)} for n in ("512", "1024")]
    samples = converted(write(tmp_path / "dump.jsonl", rows))
    assert len({sample["row_id"] for sample in samples}) == 1
    assert [sample["budget"]["tokens"] for sample in samples] == [512, 1024]
