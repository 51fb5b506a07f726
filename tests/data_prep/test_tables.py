"""Rows are read piece by piece, and come out as if the file had been read whole."""

from __future__ import annotations

import gzip
import io
import json
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.cli import InputError
from l1_verl.data import json_rows
from l1_verl.data.json_rows import document_rows
from l1_verl.data.tables import Broken, RowFile

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=5)


def read(text: str, chunk: int) -> list:
    with mock.patch.object(json_rows, "_CHUNK", chunk):
        return list(document_rows(io.StringIO(text)))


@given(ROWS, st.integers(1, 9), st.sampled_from([None, 1]))
def test_an_array_comes_out_whole_however_small_the_pieces(rows, chunk, indent):
    assert read(json.dumps(rows, indent=indent), chunk) == rows


@given(ROWS.filter(bool), st.integers(1, 9), st.dictionaries(st.text("xyz", min_size=1), VALUES, max_size=2))
def test_an_array_inside_an_object_comes_out_whole_whatever_stands_beside_it(rows, chunk, beside):
    for document in ({**beside, "data": rows}, {"data": rows, **beside}):
        assert read(json.dumps(document), chunk) == rows


@given(st.text(max_size=20), st.integers(1, 5))
def test_any_text_ends_in_rows_or_in_one_error(text, chunk):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            read(text, chunk)
    else:
        assert read(text, chunk) == (expected if isinstance(expected, list) else [expected])


def test_rows_before_a_cut_are_kept(tmp_path):
    path = tmp_path / "cut.json"
    path.write_text('[{"a": 1}, {"a": 2}, {"a": ')
    *rows, last = RowFile(path)
    assert rows == [{"a": 1}, {"a": 2}]
    assert isinstance(last, Broken)
    assert "perhaps cut off" in last.why
    assert "read up to row 1" in last.why


def test_a_compressed_file_that_is_cut_off_says_so(tmp_path):
    lines = "".join(json.dumps({"a": n, "text": str(n) * 50}) + "\n" for n in range(2000)).encode()
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(lines)[:-2000])
    *rows, last = RowFile(path)
    assert [row["a"] for row in rows[:3]] == [0, 1, 2]
    assert "ends in the middle of its compressed data" in last.why


def test_what_only_python_writes_is_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": NaN, "b": "\\ud800"}\n')
    [row] = RowFile(path)
    assert row["a"] != row["a"]
    assert row["b"] == "\ud800"


def test_a_broken_line_stands_in_its_place(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": \xe9}\n\n{"a": 3}')
    first, broken, third = RowFile(path)
    assert (first, third) == ({"a": 1}, {"a": 3})
    assert "line 2 is not valid JSON" in broken.why


def test_a_line_of_a_table_with_other_columns_stands_in_its_place(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('a,b\n1,"x\ny"\n1,2,3\n')
    first, broken = RowFile(path)
    assert first == {"a": "1", "b": "x\ny"}
    assert "has 3 columns and not 2" in broken.why


@pytest.mark.parametrize(("name", "content", "why"), [
    ("rows.jsonl.gz", b"no gzip", "cannot be read"),
    ("rows.arrow", b"ARROW1 and no end", "not valid arrow"),
    ("rows.parquet", b"PAR1 and no end", "not valid parquet"),
    ("rows.docx", b"x", "the file type .docx; known are"),
])  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=why):
        list(RowFile(tmp_path / name))
