"""A checkpoint as a model to use: weights merged by verl, tokenizer, and a model card with what was measured.

python -m publish.export --checkpoint outputs/gpu/l1_exact/global_step_700 --output L1-Exact --report results.json
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.model import fingerprint
from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.files import replacing_folder
from publish.measured import Report
from publish.model_card import model_card, stages


def main(arguments: Sequence[str] | None = None) -> None:
    args = _parse(arguments)
    actor = _shards(args.checkpoint)
    history = stages(args.checkpoint, args.config)
    report = None if args.report is None else Report.load(args.report)
    output = args.output.resolve()
    name = args.name or output.name
    model_card(name, history, None, args.license)  # what it cannot say shows now, not after the merge
    if report is not None:
        report.require_count(history[-1].counted)
    _refuse_replacing(output, overwrite=args.overwrite)
    with replacing_folder(output) as partial:
        _merge(actor, partial)
        if report is not None:
            weights = {fingerprint(str(partial)): "these weights"}
            if list((actor / "huggingface").glob("*.safetensors")):
                weights[fingerprint(str(actor / "huggingface"))] = "the checkpoint's weights before verl rounded them"
            report = report.of(weights)
        card = model_card(name, history, report, args.license)
        (partial / "README.md").write_text(card, encoding="utf-8")
    print(f"{args.output}: step {history[-1].steps} of {history[-1].name}, model card in README.md")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m publish.export", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True, type=Path, help="a folder global_step_N of a run")
    parser.add_argument("--output", required=True, type=Path, help="Hugging Face folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an exported model that is there")
    parser.add_argument("--report", type=Path, help="results.json of eval.report; without it the card says so")
    parser.add_argument("--config", type=Path, help="the run's configuration; default: what the recipe left beside it")
    parser.add_argument("--name", help="what the card calls the model, such as its hub id; default: the folder's name")
    parser.add_argument("--license", default="unknown", help="hub identifier; that of the base model binds")
    return parser.parse_args(arguments)


def _shards(checkpoint: Path) -> Path:
    """The folder of the actor's FSDP shards, all of them there.

    Raises:
        InputError: it is not a checkpoint, or an incomplete one.
    """
    if not checkpoint.is_dir():
        raise InputError(f"--checkpoint {checkpoint} does not exist")
    newest = checkpoint / "latest_checkpointed_iteration.txt"
    if newest.is_file():
        folder = checkpoint / f"global_step_{newest.read_text().strip()}"
        raise InputError(f"--checkpoint {checkpoint} is a whole run; give one of its checkpoints, such as {folder}")
    actor = checkpoint / "actor"
    try:
        ranks = int(json.loads((actor / "fsdp_config.json").read_text())["world_size"])
    except FileNotFoundError:
        raise InputError(
            f"--checkpoint {checkpoint} has no actor/fsdp_config.json; give a folder global_step_N with FSDP shards"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{actor / 'fsdp_config.json'} has no world_size ({error})") from None
    needed = [f"model_world_size_{ranks}_rank_{rank}.pt" for rank in range(ranks)]
    missing = [name for name in [*needed, "huggingface/config.json"] if not (actor / name).is_file()]
    if missing:
        raise InputError(f"{actor} lacks {', '.join(missing)}; was it copied from every node, and is it finished?")
    return actor


def _merge(actor: Path, target: Path) -> None:
    """verl's own merger, in its own process: it speaks much, and may want more memory than it gives back."""
    command = [sys.executable, "-m", "verl.model_merger", "merge", "--backend", "fsdp"]
    command += ["--local_dir", str(actor), "--target_dir", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise InputError(f"verl's merger failed on {actor}: {said[-1]}")
    _write_rope(target / "config.json")
    for weights in target.glob("*.safetensors"):  # which safetensors lets nobody but their owner read
        shutil.copymode(target / "config.json", weights)


def _write_rope(file: Path) -> None:
    """Names RoPE as transformers 4 reads it, beside transformers 5's ``rope_parameters``.

    Without ``rope_theta`` transformers 4 takes 10,000, whatever the model was trained with, and says nothing.
    """
    config = json.loads(file.read_text())
    rope = config.get("rope_parameters") or {}
    if "rope_theta" not in rope:
        return
    config["rope_theta"] = rope["rope_theta"]
    if rope.get("rope_type", "default") != "default":
        config["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def _refuse_replacing(output: Path, *, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise InputError(f"--output {output} exists; use --overwrite or another folder")
    if output.exists() and not all((output / name).is_file() for name in ("README.md", "config.json")):
        raise InputError(f"--output {output} exists and is not an exported model; choose another folder")


if __name__ == "__main__":
    cli.run(main, "publish.export")
