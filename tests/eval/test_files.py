from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess

import pytest

from eval.files import LineLog, Wanted, config_path, read_config, read_lines
from l1_verl.cli import InputError
from l1_verl.files import replacing_folder, write_whole


def test_a_line_cut_by_a_kill_is_dropped_and_the_rest_kept(tmp_path):
    path = tmp_path / "samples.jsonl"
    with LineLog(path, {"seed": 0}) as log:
        log.append({"id": "a"})
        log.append({"id": "b"})
    path.write_bytes(path.read_bytes() + b'{"id": "c", "resp')
    assert [record["id"] for record in read_lines(path)] == ["a", "b"]
    with LineLog(path, {"seed": 0}) as log:
        log.append({"id": "d"})
    assert [record["id"] for record in read_lines(path)] == ["a", "b", "d"]


@pytest.mark.parametrize("length", [10, 70_000, 200_000])
def test_an_open_line_longer_than_any_buffer_is_cut_off_too(tmp_path, length):
    path = tmp_path / "samples.jsonl"
    with LineLog(path, {}) as log:
        log.append({"id": "a"})
    path.write_bytes(path.read_bytes() + b"x" * length)
    LineLog(path, {}).close()
    assert path.read_bytes() == b'{"id":"a"}\n'


def test_a_file_that_is_nothing_but_an_open_line_becomes_empty(tmp_path):
    path = tmp_path / "samples.jsonl"
    LineLog(path, {}).close()
    path.write_bytes(b'{"id":')
    LineLog(path, {}).close()
    assert path.read_bytes() == b""


def test_a_changed_configuration_is_refused_by_name_and_value(tmp_path):
    path = tmp_path / "samples.jsonl"
    with LineLog(path, {"temperature": 0.6}) as log:
        log.append({"id": "a"})
    with pytest.raises(InputError, match=r"temperature was 0\.6, is 1\.0"):
        LineLog(path, {"temperature": 1.0})
    assert [record["id"] for record in read_lines(path)] == ["a"]


def test_a_log_is_replaced_by_its_first_new_line_and_not_before(tmp_path):
    path = tmp_path / "samples.jsonl"
    with LineLog(path, {"temperature": 0.6}) as log:
        log.append({"id": "a"})
    with LineLog(path, {"temperature": 1.0}, overwrite=True) as log:
        assert list(log.records()) == []
    assert [record["id"] for record in read_lines(path)] == ["a"]
    assert read_config(path) == {"temperature": 0.6}
    with LineLog(path, {"temperature": 1.0}, overwrite=True) as log:
        for name in "bc":
            log.append({"id": name})
    assert [record["id"] for record in read_lines(path)] == ["b", "c"]
    assert read_config(path) == {"temperature": 1.0}


def test_two_writers_of_one_file_are_refused(tmp_path):
    path = tmp_path / "samples.jsonl"
    with LineLog(path, {}), pytest.raises(InputError, match="another process"):
        LineLog(path, {})


@pytest.mark.parametrize("overwrite", [False, True])
def test_somebody_elses_file_is_not_taken_over(tmp_path, overwrite):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"note": "mine"}\n')
    with pytest.raises(InputError, match=r"config\.json"):
        LineLog(path, {}, overwrite=overwrite)
    assert path.read_text() == '{"note": "mine"}\n'


@pytest.mark.parametrize("line", ["not json", "[1, 2]", ""])
def test_a_broken_line_in_the_middle_is_named(tmp_path, line):
    path = tmp_path / "samples.jsonl"
    path.write_text('{"id": "a"}\n' + line + '\n{"id": "b"}\n')
    with pytest.raises(InputError, match="line 2"):
        list(read_lines(path))


def test_the_configuration_lies_beside_the_lines(tmp_path):
    path = tmp_path / "samples.jsonl"
    LineLog(path, {"model": "m"}).close()
    assert json.loads(config_path(path).read_text()) == {"model": "m"}


def replace(folder, content):
    with replacing_folder(folder) as partial:
        (partial / "a").write_text(content)
        (partial / "b").write_text(content)


def held(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_is_whole_whenever_something_of_it_is_deleted(tmp_path, monkeypatch):
    folder, seen = tmp_path / "report", []
    remove = shutil.rmtree

    def watched(path, **how):
        seen.append(held(folder))
        remove(path, **how)

    monkeypatch.setattr(shutil, "rmtree", watched)
    for content in ("old", "new"):
        replace(folder, content)
        assert held(folder) == {"a": content, "b": content}
    assert all(found in ({"a": c, "b": c} for c in ("old", "new")) for found in seen)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_folder_is_left_as_it_is_when_writing_its_successor_fails(tmp_path):
    replace(tmp_path / "report", "old")
    with pytest.raises(TypeError):
        replace(tmp_path / "report", b"no text")
    assert held(tmp_path / "report") == {"a": "old", "b": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    host = socket.gethostname()
    with subprocess.Popen(["sleep", "60"]) as living:
        theirs = tmp_path / f".report.{host}.{living.pid}.partial"
        theirs.mkdir()
        (tmp_path / f".report.{host}.{2**22 + 1}.partial").mkdir()  # above any process number that Linux gives
        (tmp_path / f".report.{host}.{2**22 + 1}.replaced").mkdir()
        replace(tmp_path / "report", "new")
        living.kill()
    assert {path.name for path in tmp_path.iterdir()} == {"report", theirs.name}


def test_what_a_killed_process_left_of_a_file_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    host = socket.gethostname()
    with subprocess.Popen(["sleep", "60"]) as living:
        theirs = tmp_path / f".state.pt.{host}.{living.pid}.tmp"
        theirs.touch()
        (tmp_path / f".state.pt.{host}.{2**22 + 1}.tmp").touch()  # above any process number that Linux gives
        write_whole(tmp_path / "state.pt", "new")
        living.kill()
    assert {path.name for path in tmp_path.iterdir()} == {"state.pt", theirs.name}
    assert (tmp_path / "state.pt").read_text() == "new"


def test_what_a_killed_process_of_the_same_number_left_is_no_obstacle(tmp_path):
    replace(tmp_path / "report", "old")
    for end in ("partial", "replaced"):
        left = tmp_path / f".report.{socket.gethostname()}.{os.getpid()}.{end}"
        left.mkdir()
        (left / "c").touch()
    replace(tmp_path / "report", "new")
    assert held(tmp_path / "report") == {"a": "new", "b": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        replace(tmp_path / "file" / "report", "new")


def test_a_file_is_unfinished_until_it_has_all_that_any_run_was_to_write(tmp_path):
    wanted = Wanted(tmp_path / "samples.jsonl")
    assert wanted.read() is None
    wanted.note(16)
    wanted.note(2)
    wanted.reached(15)
    assert wanted.read() == 16
    wanted.reached(16)
    assert wanted.read() is None
    assert list(tmp_path.iterdir()) == []
