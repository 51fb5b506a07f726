"""Wall time and peak memory of converting a whole DeepScaleR file.

Runs ``deepscaler_to_parquet.py`` as a user does, in a process of its own, and exits with 1 where the slowest run
passes 5 s or 1 GB, which it must not on 2 cores. Options it does not know go to the script.

    python -m benchmarks.data_prep deepscaler.json --repeat 5 --decontaminate math.json
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "data_prep" / "deepscaler_to_parquet.py"
MAX_SECONDS = 5.0
MAX_MEGABYTES = 1000.0


def measure(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak resident megabytes and output of one run.

    Raises:
        SystemExit: the run failed; its own message stands on stderr.
    """
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        # wait4 tells this process's own peak; getrusage(RUSAGE_CHILDREN) would tell the largest of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    kilobytes = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return time.perf_counter() - start, kilobytes * 1024 / 1e6, output


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("file", type=Path, help="the DeepScaleR problems: json, jsonl or parquet")
    options.add_argument("--repeat", type=int, default=5, help="number of runs")
    arguments, extra = options.parse_known_args()
    if arguments.repeat < 1:
        options.error(f"--repeat is {arguments.repeat}; it must be >= 1")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "train.parquet"
        command = [sys.executable, str(SCRIPT), "--input", str(arguments.file), "--output", str(target), "--overwrite"]
        runs = [measure([*command, *extra]) for _ in range(arguments.repeat)]
    print(runs[-1][2], end="")
    seconds, megabytes = sorted(run[0] for run in runs), max(run[1] for run in runs)
    print(
        f"{len(runs)} runs on {os.cpu_count()} cores: {seconds[0]:.2f} s fastest, {seconds[len(seconds) // 2]:.2f} s "
        f"median, {seconds[-1]:.2f} s slowest (at most {MAX_SECONDS:.0f}); "
        f"{megabytes:.0f} MB peak (at most {MAX_MEGABYTES:.0f})"
    )
    return int(seconds[-1] > MAX_SECONDS or megabytes > MAX_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
