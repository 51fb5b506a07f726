"""Builds the tiny profile from a seed: ``python -m recipes.tiny.build --output outputs/tiny``.

Writes ``base/`` (model and tokenizer) and ``data/{train,validation,test,test_max}.parquet``. What is there already
stays as it is; an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from recipes.tiny.arithmetic import Sum, split
from recipes.tiny.data import write_benchmark, write_training
from recipes.tiny.pretrain import new_model, pretrain
from recipes.tiny.tokenizer import build_tokenizer

#: Problems that no training sees: 200 to watch a run by, 400 for the figures of the README.
VALIDATION, TEST = 200, 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for base/ and data/")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the initial weights and the examples")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    training, held_out = split(options.seed, VALIDATION + TEST)
    _write_data(options.output / "data", training, held_out[:VALIDATION], held_out[VALIDATION:])
    base = options.output / "base"
    if not base.is_dir():
        partial = options.output / "base.partial"
        partial.mkdir(parents=True, exist_ok=True)
        tokenizer = build_tokenizer()
        model = new_model(tokenizer, options.seed)
        state = options.output / "pretrain.pt"
        pretrain(model, tokenizer, training, options.seed, state)
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        os.replace(partial, base)
        state.unlink(missing_ok=True)
        print(f"model: {sum(p.numel() for p in model.parameters()) / 1e6:.2f}M parameters in {base}")


def _write_data(folder: Path, training: list[Sum], validation: list[Sum], test: list[Sum]) -> None:
    writers = {
        "train": lambda path: write_training(path, training),
        "validation": lambda path: write_benchmark(path, validation, "exact"),
        "test": lambda path: write_benchmark(path, test, "exact"),
        "test_max": lambda path: write_benchmark(path, test, "max"),
    }
    missing = [name for name in writers if not (folder / f"{name}.parquet").is_file()]
    for name in missing:
        writers[name](folder / f"{name}.parquet")
    if missing:
        print(f"data: {len(training)} training problems, {len(validation)} and {len(test)} unseen ones, in {folder}")


if __name__ == "__main__":
    main()
