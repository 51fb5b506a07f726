"""Runs the tests of reward manager and data set on each verl that README names: ``make test-compat``.

Each version is installed without its dependencies into a folder of its own, which is kept for the next time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("0.7.1", "0.8.0", "0.9.0", "0.9.1")
TESTS = ("tests/test_reward_manager.py", "tests/test_dataset.py")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    parser.add_argument("--folder", type=Path, default=ROOT / "outputs" / "compat")
    args = parser.parse_args()
    failed = [version for version in args.versions if not passes(version, args.folder / version)]
    print(
        f"compat: {len(args.versions) - len(failed)} of {len(args.versions)} versions pass; failed: {failed or 'none'}"
    )
    return 1 if failed else 0


def passes(version: str, folder: Path) -> bool:
    ready = folder / ".ready"
    if not ready.exists():
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"]
        subprocess.run([sys.executable, *install, "--target", folder, f"verl=={version}"], check=True)
        ready.touch()
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    found = [sys.executable, "-c", "import verl; print(verl.__version__, verl.__file__)"]
    print(f"compat: verl {subprocess.run(found, env=environment, check=True, capture_output=True, text=True).stdout}")
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *TESTS], cwd=ROOT, env=environment).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
