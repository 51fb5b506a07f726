"""Draws the report of one or many graded runs: results.json, tables.md, figures/ and report.html.

python -m eval.report --runs before=a/graded.jsonl after=b/graded.jsonl --training metrics.jsonl --output report
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from eval.report.draw.figures import drawings, training_drawings
from eval.report.draw.page import Shown, page
from eval.report.draw.style import Drawing, data_uri
from eval.report.draw.tables import tables
from eval.report.measure.keywords import DEFAULT, Keywords
from eval.report.measure.load import Run, load_run
from eval.report.measure.results import Settings, results
from eval.report.measure.training import curves, load_training
from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.config import Count
from l1_verl.files import replacing_folder, write_whole

PUBLISHED = Path(__file__).parent.joinpath("measure", "published.json")


def main(arguments: Sequence[str] | None = None) -> None:
    args = _parse(arguments)
    published = json.loads(PUBLISHED.read_text())
    keywords = Keywords.load(args.keywords)
    training = curves(load_training(args.training)) if args.training else {}
    runs = [load_run(name, path, keywords, args.count, partial=args.partial) for name, path in args.runs]
    measured = results(runs, keywords, published, Settings(args.resamples, args.seed, args.at_tokens))
    measured["training"] = training
    figures = [*training_drawings(training), *drawings(measured, runs, published)]
    _write(args.output, args.title, measured, figures, runs, published)
    print(f"{args.output / 'report.html'}: {sum(len(run.samples) for run in runs):,} samples, {len(figures)} figures")


def _write(
    output: Path,
    title: str,
    measured: dict[str, Any],
    figures: Sequence[Drawing],
    runs: Sequence[Run],
    published: dict[str, Any],
) -> None:
    with replacing_folder(output) as partial:  # a reader, or a kill, never meets half a report
        (partial / "figures").mkdir()
        shown = tables(measured, published)
        write_whole(
            partial / "results.json", json.dumps(measured, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        )
        write_whole(partial / "tables.md", f"# {title}\n\n" + "\n".join(table.markdown() for table in shown))
        drawn = []
        for figure in figures:
            made = figure.render()
            write_whole(partial / "figures" / f"{figure.name}.svg", made.svg)
            write_whole(partial / "figures" / f"{figure.name}-dark.svg", made.dark_svg)
            write_whole(partial / "figures" / f"{figure.name}.png", made.png)
            uris = data_uri(made.svg), data_uri(made.dark_svg)
            drawn.append(Shown(figure.fold, figure.title, figure.caption, *uris, made.points))
        write_whole(partial / "report.html", page(title, measured, shown, drawn, runs))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.report", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="+", default=[], metavar="NAME=GRADED.jsonl", help="from eval.grade")
    parser.add_argument(
        "--training", nargs="+", type=Path, default=[], help="verl's file log, finished or not; later files win"
    )
    parser.add_argument("--output", required=True, type=Path, help="folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace a report that is there")
    parser.add_argument("--partial", action="store_true", help="report what an interrupted eval.grade has written")
    parser.add_argument("--title", default="Budgets, kept and spent")
    parser.add_argument("--keywords", type=Path, default=DEFAULT, help="keyword groups (json)")
    parser.add_argument(
        "--count",
        choices=get_args(Count),
        default="response",
        help="tokens that are held against a budget, in every run",
    )
    parser.add_argument("--at-tokens", type=int, nargs="+", help="compare runs at these tokens; default: the budgets")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    args = parser.parse_args(arguments)
    if not args.runs and not args.training:
        raise InputError("there is nothing to report; give --runs, --training, or both")
    args.runs = [_named(run) for run in args.runs]
    names = [name for name, _ in args.runs]
    if len(set(names)) < len(names):
        raise InputError(f"--runs names {', '.join(names)}; every run needs its own name")
    if args.resamples < 100:
        raise InputError(f"--resamples is {args.resamples}; it must be >= 100")
    if any(tokens < 1 for tokens in args.at_tokens or ()):
        raise InputError(f"--at-tokens is {args.at_tokens}; every one must be >= 1")
    if args.output.exists() and not args.overwrite:
        raise InputError(f"{args.output} exists; use --overwrite or another --output")
    if args.output.exists() and not (args.output / "results.json").is_file():
        raise InputError(f"{args.output} exists and is not a report; choose another --output")
    return args


def _named(run: str) -> tuple[str, Path]:
    name, separator, path = run.partition("=")
    if not separator or not name or not path:
        raise InputError(f"--runs has {run!r}; it must be NAME=GRADED.jsonl")
    return name, Path(path)


if __name__ == "__main__":
    cli.run(main, "eval.report")
