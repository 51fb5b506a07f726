"""Time and memory of converting a file of many rows of about 10 kB, made from a seed; one process.

python -m benchmarks.convert --rows 100000
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from eval.convert.__main__ import main as convert
from l1_verl import cli

_WORDS = "so the sum of x and y is then we have wait let me check this again maybe therefore 2 3 17 \\frac{1}{2} = + ("


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--form", choices=("verl", "json", "parquet"), default="verl", help="json: one large array")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = _write(Path(folder), args.form, args.rows, random.Random(args.seed))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        started, cpu = time.perf_counter(), time.process_time()
        convert([str(source), "--output", str(Path(folder) / "samples.jsonl")])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        size = source.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    measured = {"rows": args.rows, "form": args.form, "input_mb": size, "seconds": seconds, "cpu_seconds": cpu}
    print(json.dumps(measured | {"peak_gib": peak, "peak_before_gib": before}))


def _write(folder: Path, form: str, rows: int, rng: random.Random) -> Path:
    lines = folder / "50.jsonl"
    words = _WORDS.split()
    with lines.open("w") as file:
        for number in range(rows):
            budget = rng.choice((512, 1024, 2048, 3600))
            thought = " ".join(rng.choices(words, k=budget))
            used = int(budget * rng.uniform(0.6, 1.3))
            row = {
                "input": f"user\nWhat is {number // 16} + 1? Think for {budget} tokens.\nassistant\n",
                "output": f"{thought}\n</think>\n\\boxed{{{number}}}",
                "gts": str(number // 16 + 1),
                "score": 0.5,
                "step": 50,
                "acc": 0.0,
                "budget_tokens": float(budget),
                "used_tokens": float(used),
                "response_tokens": float(used),
                "solution_tokens": 40.0,
                "truncated": 0.0,
            }
            file.write(json.dumps(row) + "\n")
    return lines if form == "verl" else _rewritten(lines, form)


def _rewritten(lines: Path, form: str) -> Path:
    path = lines.with_suffix(f".{form}")
    if form == "json":
        with lines.open() as rows, path.open("w") as file:
            file.write("[")
            file.writelines(("," if number else "") + row for number, row in enumerate(rows))
            file.write("]")
        return path
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    with lines.open() as rows:
        while batch := [json.loads(row) for row in itertools.islice(rows, 1000)]:
            table = pa.Table.from_pylist(batch)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


if __name__ == "__main__":
    cli.run(main, "convert")
