"""Runs tests beside other packages: each verl that docs/install.md names, and TRL. ``make test-compat``.

Each package is installed without its dependencies into a folder of its own, which is kept for the next time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PARTS = ("tests/test_reward_manager.py", "tests/test_dataset.py")
#: The tests that run beside each package.
TESTS = {f"verl=={version}": _PARTS for version in ("0.7.1", "0.8.0", "0.9.0", "0.9.1")} | {
    "trl==1.16.0": ("tests/grading/test_trl.py",)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", default=list(TESTS), help=f"some of {', '.join(TESTS)}")
    parser.add_argument("--folder", type=Path, default=ROOT / "outputs" / "compat")
    args = parser.parse_args()
    failed = [package for package in args.packages if not passes(package, args.folder / package.replace("==", "-"))]
    passed = len(args.packages) - len(failed)
    print(f"compat: the tests pass beside {passed} of {len(args.packages)} packages; failed: {failed or 'none'}")
    return 1 if failed else 0


def passes(package: str, folder: Path) -> bool:
    ready = folder / ".ready"
    if not ready.exists():
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"]
        subprocess.run([sys.executable, *install, "--target", folder, package], check=True)
        ready.touch()
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    name = package.partition("==")[0]
    found = [sys.executable, "-c", f"import {name} as p; print(p.__version__, p.__file__)"]
    print(
        f"compat: {name} {subprocess.run(found, env=environment, check=True, capture_output=True, text=True).stdout}"
    )
    tests = [sys.executable, "-m", "pytest", "-q", *TESTS[package]]
    return subprocess.run(tests, cwd=ROOT, env=environment).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
