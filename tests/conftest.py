"""A tokenizer, rows and parquet files as verl reads them, all made on the spot."""

from __future__ import annotations

import pytest
from hypothesis import settings

from l1_verl.data.rows import write_rows
from recipes.tiny.tokenizer import build_tokenizer
from tests.rows import row

# A busy machine is not a failure.
settings.register_profile("l1_verl", deadline=None, print_blob=True)
settings.load_profile("l1_verl")


@pytest.fixture(scope="session")
def tokenizer():
    return build_tokenizer()


@pytest.fixture
def write(tmp_path):
    """Writes rows to a parquet file and returns its path; ``write(n)`` makes n training rows."""

    def write_(rows, name="rows.parquet"):
        if isinstance(rows, int):
            rows = [row(index) for index in range(rows)]
        write_rows(rows, tmp_path / name)
        return str(tmp_path / name)

    return write_
