"""Outputs of other systems as samples.jsonl, for eval.grade and eval.report.

    python -m eval.convert outputs.jsonl --output samples.jsonl

The form of the file is recognised and said. Interrupted, the same command goes on; the output is there when it is
whole. Exit code 3: some rows could not be used, and the others were.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.convert.answered import Form
from eval.convert.forms import FORMS, recognised
from eval.convert.forms.flat import FLAT, flat, overridden
from eval.convert.join import Asked
from eval.convert.records import Samples
from eval.convert.recount import load_tokenizer, recounted
from eval.convert.run import Conversion, Rows, converted, first_row, open_rows
from eval.files import LineLog, config_path, read_config
from eval.samples import file_hash
from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.grading.grader import ANSWER_TYPES

_PATHS = {
    "response": "the text; a list, or * in the path, is several samples: completions.*.text",
    "gold": "the answer, or a solution that ends in it",
    "problem": "what was asked",
    "prompt": "what the model was given, where the budget's sentence stands only there",
    "problem-id": "what tells problems apart; default: the problem's text",
    "budget": "the budget in tokens; a number is the budget of all",
    "mode": "how the budget is meant; exact, max or none is that of all",
    "tokens": "tokens of the response, or the list of them",
    "thinking-tokens": "those of the thought",
    "truncated": "whether a limit ended it, or the server's finish_reason",
    "label": "right or wrong, to compare our grades with",
}
_FIELDS = {"problem-id": "problem_id", "tokens": "used", "thinking-tokens": "thinking"}
_MODES = ("exact", "max", "none")


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parse(arguments)
    if args.output.exists() and not args.overwrite:
        raise InputError(f"--output {args.output} exists; --overwrite replaces it")
    outcome = _convert(args)
    return cli.tell_unusable("rows or responses cannot be used", outcome.complaints, outcome.faults)


def _convert(args: argparse.Namespace) -> Conversion:
    form = _form(args)
    print(f"{args.file}: {form.name} ({form.about})")
    tokenizer = load_tokenizer(args.tokenizer) if args.tokenizer else None
    outcome, rows = Conversion(), open_rows(args.file)
    asked = Asked(args.data) if args.data else None
    samples = converted(rows, form, Samples(_stem(args.file), args.benchmark, args.answer_type), outcome, asked)
    partial = args.output.with_name(f".{args.output.name}.partial")
    config = _config(args, form)
    with LineLog(partial, config, overwrite=args.overwrite and _of_another(partial, config)) as log:
        done = {record["id"] for record in log.records()}
        left = _left(samples, done, rows, outcome, strict=args.strict)
        for sample in recounted(left, tokenizer) if tokenizer else left:
            log.append(sample)
            outcome.tally["tokens"] += sample["used_tokens"] is not None
    if not outcome.samples or (args.strict and outcome.faults):
        partial.unlink()
        config_path(partial).unlink()
        unusable = "no row can be used" if not outcome.samples else "a row cannot be used, and --strict is given"
        raise InputError(f"{args.file}: {unusable}; {'; '.join(outcome.complaints[:2])}")
    config_path(partial).replace(config_path(args.output))
    partial.replace(args.output)
    _tell(args.output, outcome)
    return outcome


def _left(
    samples: Iterator[dict[str, Any]], done: set[str], rows: Rows, outcome: Conversion, *, strict: bool
) -> Iterator[dict[str, Any]]:
    """The samples that an interrupted run has not written, under a bar of progress."""
    with tqdm(total=rows.size, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        for sample in samples:
            if strict and outcome.faults:
                return
            if sample["id"] in done:
                outcome.tally["tokens"] += sample["used_tokens"] is not None
            else:
                yield sample
            bar.update(rows.position() - bar.n)
        bar.update(rows.size - bar.n)


def _form(args: argparse.Namespace) -> Form:
    """The form that was asked for, or the one of the first row, with the fields that options name elsewhere."""
    paths = {_FIELDS.get(name, name): value for name in _PATHS if (value := getattr(args, name.replace("-", "_")))}
    constants: dict[str, Any] = {}
    if paths.get("budget", "").isdecimal():
        constants["budget"] = int(paths.pop("budget"))
    if paths.get("mode") in _MODES:
        constants["mode"] = paths.pop("mode")
    if args.form:
        form = next(form for form in FORMS if form.name == args.form)
    else:
        form = FLAT if "response" in paths else recognised(first_row(args.file))
    if form is FLAT:
        return overridden(flat(paths), {}, constants)
    if "response" in paths:
        raise InputError(
            f"--response is {paths['response']}, but --form {form.name} knows where it is; use --form flat"
        )
    return overridden(form, paths, constants)


def _config(args: argparse.Namespace, form: Form) -> dict[str, Any]:
    given = {name: getattr(args, name.replace("-", "_")) for name in _PATHS}
    fields = {name: value for name, value in given.items() if value is not None}
    return {
        "converted": {
            "form": form.name,
            "file": args.file.name,
            "file_hash": file_hash(args.file),
            "benchmark": args.benchmark,
            "answer_type": args.answer_type,
            "data": [[path.name, file_hash(path)] for path in args.data or ()],
            "tokenizer": args.tokenizer,
            "fields": fields,
        }
    }


def _of_another(partial: Path, config: dict[str, Any]) -> bool:
    """Whether what an interrupted run left was begun with another file or other options."""
    return config_path(partial).exists() and read_config(partial) != config


def _stem(path: Path) -> str:
    """What a file is about where it does not say: its name, or for 50.jsonl, as verl writes, its folder's."""
    stem = path.name.split(".")[0]
    return path.absolute().parent.name if stem.isdecimal() else stem


def _tell(output: Path, outcome: Conversion) -> None:
    kinds = ", ".join(f"{outcome.tally[kind]:,} {kind}" for kind in ("math", "choice") if outcome.tally[kind])
    facts = [f"{outcome.tally[what]:,} with {what}" for what in ("budget", "tokens", "label")]
    print(f"{output}: {outcome.samples:,} samples of {outcome.rows:,} rows ({kinds}; {', '.join(facts)})")
    if outcome.variants:
        print(f"{outcome.variants:,} rows tell a response again under another filter and were passed over")
    if not outcome.tally["tokens"]:
        print("the file tells no tokens, so that lengths stay unknown; --tokenizer MODEL counts them")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    forms = "\n".join(f"  {form.name:14} {form.about}" for form in FORMS)
    parser = argparse.ArgumentParser(
        prog="python -m eval.convert",
        description=__doc__.splitlines()[0],
        epilog=f"forms:\n{forms}\n\nexit codes: 0 all rows used, 3 some could not be, 2 bad input",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="json, jsonl, csv, parquet, arrow, also .gz; .eval of inspect_ai")
    parser.add_argument(
        "--output", required=True, type=Path, help="samples, one per line; its configuration beside it"
    )
    parser.add_argument("--form", choices=[form.name for form in FORMS], help="default: recognised by the first row")
    parser.add_argument("--benchmark", help="what the problems are from; default: as rows say, or the file's name")
    parser.add_argument("--answer-type", choices=ANSWER_TYPES, help="of all rows; default: by gold and problem")
    parser.add_argument("--data", nargs="+", type=Path, help="rows that were asked: adds their answers, ids and names")
    parser.add_argument("--tokenizer", help="counts the tokens that the file does not tell; a folder or hub id")
    parser.add_argument("--strict", action="store_true", help="refuse a file with a row that cannot be used")
    parser.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    fields = parser.add_argument_group("fields", "dotted paths (usage.output_tokens, code.0, completions.*.text)")
    for name, text in _PATHS.items():
        fields.add_argument(f"--{name}", metavar="PATH", help=text)
    args = parser.parse_args(arguments)
    if args.benchmark is not None and (not args.benchmark.strip() or "/" in args.benchmark):
        raise InputError(f"--benchmark is {args.benchmark!r}; it must be a name without slashes")
    return args


if __name__ == "__main__":
    cli.run(main, "eval.convert")
