"""The locks can be installed: each pin has a build for each Python that README names, as pip would find it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pip._internal.commands import create_command
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.target_python import TargetPython
from pip._vendor.packaging.specifiers import SpecifierSet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PYTHONS = ((3, 11), (3, 12))


@cache
def finder(python: tuple[int, int]) -> PackageFinder:
    """pip's own search, with the index that pip is set up for. pip has no command that asks without downloading."""
    command = create_command("install")
    options, _ = command.parse_args([])
    session = command._build_session(options)
    return command._build_package_finder(options, session, target_python=TargetPython(py_version_info=(*python, 0)))


def pins(lock: str) -> list[tuple[str, str]]:
    """Name and version of each line."""
    lines = (ROOT / "requirements" / lock).read_text().splitlines()
    found = []
    for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
        name, _, version = line.partition("==")
        assert version, f"{lock}: {line} has no version"
        found.append((name, version))
    return found


def missing(pinned: list[tuple[str, str]], python: tuple[int, int]) -> list[str]:
    if not finder(python).find_all_candidates("pip"):
        pytest.skip("the package index cannot be reached")
    return [
        f"{name}=={version}"
        for name, version in pinned
        if not finder(python).find_best_candidate(name, SpecifierSet(f"=={version}")).best_candidate
    ]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: ".".join(map(str, python)))
def test_every_pin_has_a_build_for_each_python_that_the_readme_names(python):
    assert "Python 3.11 or 3.12" in (ROOT / "README.md").read_text()
    asked = {pin for lock in ("cpu.txt", "gpu.txt") for pin in pins(lock)}
    assert missing(sorted(asked), python) == []


def test_a_pin_that_one_python_has_no_build_of_is_found():
    assert missing([("av", "19.0.2")], (3, 11)) == ["av==19.0.2"]
    assert missing([("av", "19.0.2")], (3, 12)) == []
