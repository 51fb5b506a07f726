"""Time and memory of a report over many samples with realistic texts, made from a seed.

python -m benchmarks.report_size --samples 100000
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.report.__main__ import main as report
from l1_verl import cli

_BENCHMARKS = {"aime2025": 30, "math500": 500, "amc": 83, "olympiad_bench": 675, "gpqa": 198, "lsat": 230}
_BUDGETS = (512, 1024, 2048, 3600)
_WORDS = "so the sum of x and y is then we have wait let me check this again maybe therefore 2 3 17 \\frac{1}{2} = + ("


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        graded, output = Path(folder) / "graded.jsonl", Path(folder) / "report"
        with graded.open("w") as lines:
            for record in _records(args.samples, random.Random(args.seed)):
                lines.write(json.dumps(record) + "\n")
        size = graded.stat().st_size
        started, cpu = time.perf_counter(), time.process_time()
        report(["--runs", f"run={graded}", "--output", str(output)])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        page = (output / "report.html").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    measured = {"samples": args.samples, "input_mb": size / 1e6, "page_mb": page / 1e6}
    print(json.dumps(measured | {"seconds": seconds, "cpu_seconds": cpu, "peak_gib": peak}))


def _records(samples: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    words = _WORDS.split()
    made = 0
    while True:
        for benchmark, problems in _BENCHMARKS.items():
            for problem in range(problems):
                for budget in _BUDGETS:
                    if made == samples:
                        return
                    used = int(budget * rng.uniform(0.6, 1.3))
                    thought = " ".join(rng.choices(words, k=used))
                    correct = rng.random() < 0.5
                    yield {
                        "id": f"{made:016x}",
                        "row_id": f"{benchmark}-{problem}",
                        "data_source": f"{benchmark}/exact-{budget}",
                        "budget": {"mode": "exact", "tokens": budget},
                        "sample": made,
                        "problem": "What is it?",
                        "ground_truth": "1",
                        "answer_type": "math",
                        "response": f"{thought}\n</think>\n\\boxed{{1}}",
                        "used_tokens": used,
                        "thinking_tokens": used - 40,
                        "solution_tokens": 40,
                        "inserted_tokens": 0,
                        "truncated": False,
                        "rounds": 1,
                        "correct": correct,
                        "answer": "1" if correct else str(rng.randrange(9)),
                        "status": "ok",
                    }
                    made += 1


if __name__ == "__main__":
    cli.run(main, "report_size")
