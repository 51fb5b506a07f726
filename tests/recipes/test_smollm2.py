"""The one real pretrained model that needs no hub: SmolLM2-135M-Instruct from the package index."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recipes.check_model import check_model
from recipes.check_model.checkpoint import load_checkpoint
from recipes.check_model.finding import Need

pytestmark = pytest.mark.slow


def test_it_becomes_a_checkpoint_that_stops_at_the_end_of_its_turn_and_fails_no_check(tmp_path):
    subprocess.run([sys.executable, "-m", "recipes.smollm2", "--output", tmp_path], check=True)
    checkpoint = load_checkpoint(str(tmp_path / "base"))
    assert checkpoint.tokenizer.eos_token == checkpoint.tokenizer.pad_token == "<|im_end|>"
    findings = check_model(checkpoint, Need(tensor_parallel=1, requires_think_end=False))
    assert {one.check for one in findings if one.status != "pass"} == {"</think> is one token"}
    assert all(one.status != "fail" for one in findings)
