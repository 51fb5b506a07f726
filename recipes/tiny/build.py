"""Builds the tiny profile from a seed: ``python -m recipes.tiny.build --output outputs/tiny``.

Writes ``base/`` (model and tokenizer) and ``data/{train,validation,test,test_max}.parquet``. What is there already
stays as it is; an interrupted build goes on where it stopped, with the seed that it began with (``seed.txt``).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

from l1_verl import cli
from l1_verl.budget import Budget
from l1_verl.cli import InputError
from l1_verl.files import replacing_folder, write_whole
from recipes.tiny.arithmetic import Sum
from recipes.tiny.data import EVAL_BUDGETS, TEST, VALIDATION, parts, write_benchmark, write_training
from recipes.tiny.pretrain import new_model, pretrain
from recipes.tiny.tokenizer import build_tokenizer

#: In a build's folder: the seed that it began with.
SEED_FILE = "seed.txt"

_Writer = Callable[[Path], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for base/ and data/")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the initial weights and the examples")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    training, validation, test = parts(options.seed)
    writers = _writers(options.output / "data", training, validation, test)
    base, state = options.output / "base", options.output / "pretrain.pt"
    wanted = [*writers, base]
    if all(path.exists() for path in wanted):
        return
    _claim(options.output, options.seed, begun=any(path.exists() for path in [*wanted, state]))
    missing = [path for path in writers if not path.is_file()]
    for path in missing:
        writers[path](path)
    if missing:
        unseen = f"{VALIDATION} and {TEST} unseen ones"
        print(f"data: {len(training)} training problems, {unseen}, in {options.output / 'data'}")
    if not base.is_dir():
        _build_base(base, state, training, options.seed)


def _writers(folder: Path, training: list[Sum], validation: list[Sum], test: list[Sum]) -> dict[Path, _Writer]:
    exact = [Budget("exact", tokens) for tokens in EVAL_BUDGETS]
    return {
        folder / "train.parquet": lambda path: write_training(path, training),
        folder / "validation.parquet": lambda path: write_benchmark(path, validation, exact),
        folder / "test.parquet": lambda path: write_benchmark(path, test, exact),
        folder / "test_max.parquet": lambda path: write_benchmark(
            path, test, [Budget("max", n) for n in EVAL_BUDGETS]
        ),
    }


def recorded_seed(output: Path) -> int | None:
    """The seed that the build in ``output`` began with."""
    record = output / SEED_FILE
    return int(record.read_text()) if record.is_file() else None


def _claim(output: Path, seed: int, *, begun: bool) -> None:
    """Records the build's seed.

    Raises:
        InputError: the folder has part of a build of another seed, whose split holds out other problems.
    """
    recorded = recorded_seed(output)
    if begun and recorded != seed:
        whose = "whose seed is not recorded" if recorded is None else f"of seed {recorded}"
        finish = "" if recorded is None else f"finish it with SEED={recorded}, or "
        raise InputError(
            f"{output} has part of a build {whose}, not of seed {seed}; {finish}set OUTPUTS to another folder"
        )
    write_whole(output / SEED_FILE, f"{seed}\n")


def _build_base(base: Path, state: Path, training: list[Sum], seed: int) -> None:
    tokenizer = build_tokenizer()
    model = new_model(tokenizer, seed)
    pretrain(model, tokenizer, training, seed, state)
    with replacing_folder(base) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
    state.unlink(missing_ok=True)
    print(f"model: {sum(p.numel() for p in model.parameters()) / 1e6:.2f}M parameters in {base}")


if __name__ == "__main__":
    cli.run(main, "tiny.build")
