from __future__ import annotations

import base64
import gzip
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from eval.files import config_path
from eval.report import __main__ as report
from eval.report.draw.tables import tables
from eval.report.measure.bootstrap import estimate, share, weights
from eval.report.measure.cells import Resampler, cells_of, pooled_cells
from eval.report.measure.curves import Curve
from eval.report.measure.keywords import Keywords
from eval.report.measure.load import EXAMPLES_PER_CELL, load_run
from eval.report.measure.results import Settings, results
from eval.report.measure.training import curves, load_training
from l1_verl.adherence import adherence
from l1_verl.cli import InputError
from tests.signals import kill_when

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads(report.PUBLISHED.read_text())
SCHEMA = json.loads((Path(report.__file__).parent / "schema.json").read_text())


@pytest.fixture
def varied(graded):
    """Samples of 20 problems under three budgets, four each, of every length and outcome."""
    rng = np.random.default_rng(0)
    return [
        graded(
            problem,
            sample,
            used=int(tokens * rng.uniform(0.5, 1.6)),
            correct=bool(rng.random() < 0.3 + tokens / 2000),
            budget={"mode": "exact", "tokens": tokens},
        )
        for tokens in (100, 200, 800)
        for problem in range(20)
        for sample in range(4)
    ]


def draw(tmp_path, *arguments):
    output = tmp_path / "report"
    report.main([*arguments, "--output", str(output), "--resamples", "200"])
    measured = json.loads((output / "results.json").read_text())
    jsonschema.validate(measured, SCHEMA)
    return output, measured


def measure(*paths):
    """The results of some runs without drawing anything."""
    runs = [load_run(path.stem, path, Keywords.load()) for path in paths]
    measured = results(runs, Keywords.load(), PUBLISHED, Settings(resamples=200)) | {"training": {}}
    jsonschema.validate(measured, SCHEMA)
    return json.loads(json.dumps(measured, allow_nan=False))


def unpacked(page: str) -> dict:
    """The samples that a page holds."""
    packed = page.split('id="packed">')[1].split("</script>")[0]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_zero_a_range_and_a_level_are_measured_and_shown_apart(graded, jsonl, tmp_path):
    kinds = {
        "exact 0": ({"mode": "exact", "tokens": 0}, {"used": 40, "thinking_tokens": 1}),
        "range 80-120": ({"mode": "range", "tokens": 120, "least": 80}, {"used": 100}),
        "range 10-120": ({"mode": "range", "tokens": 120, "least": 10}, {"used": 126}),
        "level low": ({"mode": "level", "tokens": 120, "level": "low"}, {"used": 90}),
        "level high": ({"mode": "level", "tokens": 120, "level": "high"}, {"used": 150}),
        "exact 120": ({"mode": "exact", "tokens": 120}, {"used": 120}),
    }
    samples = [
        graded(problem, budget=budget, **facts) | {"id": f"{asked}-{problem}"}
        for asked, (budget, facts) in kinds.items()
        for problem in range(4)
    ]
    output, measured = draw(tmp_path, "--runs", f"dial={jsonl(samples)}")
    cells = {cell["asked"]: cell["metrics"] for cell in measured["runs"][0]["cells"]}
    assert cells.keys() == kinds.keys()
    found = {
        asked: tuple(
            metrics[name]["value"] for name in ("mean_abs_error_tokens", "mean_abs_error", "met", "over_budget")
        )
        for asked, metrics in cells.items()
    }
    assert found == {
        "exact 0": (0, None, 1, 0),
        "range 80-120": (0, 0, 1, 0),
        "range 10-120": (6, pytest.approx(0.05), 0, 1),
        "level low": (30, pytest.approx(0.25), 0, 0),
        "level high": (30, pytest.approx(0.25), 0, 1),
        "exact 120": (0, 0, 1, 0),
    }
    assert "| tiny | level low | dial | 4 |" in (output / "tables.md").read_text()
    held = unpacked((output / "report.html").read_text())["samples"]
    assert set(held["asked"]) == kinds.keys()


def test_a_report_is_a_folder_of_results_tables_figures_and_one_page(varied, jsonl, tmp_path):
    path = jsonl(varied)
    output, measured = draw(tmp_path, "--runs", f"before={path}", f"after={path}")
    assert [run["n"] for run in measured["runs"]] == [240, 240]
    assert {p.suffix for p in (output / "figures").iterdir()} == {".png", ".svg"}
    page = (output / "report.html").read_text()
    assert [row["run"] for row in measured["overview"]] == ["before", "after"]
    held = unpacked(page)
    assert len(held["samples"]["id"]) == 480
    assert {held["samples"]["budget"][0], len(held["texts"])} == {100, 2 * 3 * 2 * EXAMPLES_PER_CELL}
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "| tiny | exact 800 | after | 80 |" in (output / "tables.md").read_text()
    assert not list(tmp_path.glob(".*"))


def test_the_responses_shown_do_not_depend_on_which_were_finished_first(varied, jsonl):
    def shown(samples):
        return {example["id"] for example in load_run("run", jsonl(samples), Keywords({})).examples}

    by_length = shown(sorted(varied, key=lambda sample: sample["used_tokens"]))
    assert by_length == shown(varied[::-1])
    assert len(by_length) == 3 * 2 * EXAMPLES_PER_CELL  # budgets, verdicts, each twice


def test_cells_agree_with_the_adherence_measures_of_training(varied, jsonl):
    run = load_run("run", jsonl(varied), Keywords({}))
    resampler = Resampler([run], 100, 0)
    for cell in [*cells_of(run, resampler), *pooled_cells(run, resampler)]:
        samples = run.samples.loc[cell.rows]
        expected = adherence(samples["used"], samples["budget"])
        measured = {name: values[0] for name, values in cell.metrics.items()}
        for name in ("mean_error", "mean_abs_error", "within_10", "within_20", "over_budget", "soft_violation"):
            assert measured[name] == pytest.approx(getattr(expected, name)), name
        for name in ("utilisation", "rmse", "correlation", "slope"):
            assert measured[name] == pytest.approx(getattr(expected, name), nan_ok=True), name
        assert measured["used_tokens"] == pytest.approx(expected.mean_used)


@pytest.mark.parametrize("count", ["response", "thinking"])
def test_budgets_are_held_against_what_is_counted_in_every_measure(graded, jsonl, tmp_path, count):
    # Thoughts keep their budget to a token or two; solutions are long, and the longer the smaller the budget.
    samples = [
        graded(
            problem,
            budget={"mode": "exact", "tokens": tokens},
            used=tokens + problem % 3 + 2000 - 10 * tokens,
            thinking_tokens=tokens + problem % 3,
        )
        for problem in range(9)
        for tokens in (50, 100)
    ]
    output, measured = draw(tmp_path / count, "--runs", f"run={jsonl(samples)}", "--count", count)
    assert measured["settings"]["count"] == count
    assert ("tokens of the thought" in (output / "tables.md").read_text()) is (count == "thinking")
    [pooled], cells = measured["runs"][0]["pooled"], measured["runs"][0]["cells"]
    for cell in (pooled, *cells):
        rows = [s for s in samples if cell["budget"] in (None, s["budget"]["tokens"])]
        column = "used_tokens" if count == "response" else "thinking_tokens"
        expected = adherence([s[column] for s in rows], [s["budget"]["tokens"] for s in rows])
        for name in ("mean_abs_error", "over_budget", "soft_violation", "utilisation", "rmse", "slope"):
            value = cell["metrics"][name]["value"]
            assert (math.nan if value is None else value) == pytest.approx(getattr(expected, name), nan_ok=True), name
        assert cell["metrics"]["used_tokens"]["value"] == pytest.approx(np.mean([s["used_tokens"] for s in rows]))
    assert pooled["monotone"] == (1 if count == "thinking" else 0)
    assert cells[0]["lengths"]["edges"][0] == (50 if count == "thinking" else 1550)


def test_runs_that_count_differently_do_not_share_a_report(graded, jsonl):
    path = jsonl([graded(0)])
    runs = [load_run("run", path, Keywords({}), count) for count in ("response", "thinking")]
    with pytest.raises(ValueError, match="response, thinking"):
        results(runs, Keywords({}), PUBLISHED, Settings(resamples=100))


def test_thoughts_that_nobody_counted_cannot_be_held_against_budgets(graded, jsonl):
    path = jsonl([graded(0), graded(1, thinking_tokens=None)])
    with pytest.raises(InputError, match="holds 1 samples without thinking_tokens"):
        load_run("run", path, Keywords({}), "thinking")
    assert len(load_run("run", path, Keywords({})).samples) == 2


def test_intervals_are_wider_when_samples_of_a_problem_agree(graded, jsonl):
    def width(correct):
        path = jsonl([graded(p, s, correct=correct(p, s)) for p in range(30) for s in range(16)])
        run = load_run("run", path, Keywords({}))
        [cell] = cells_of(run, Resampler([run], 2000, 0))
        found = estimate(cell.metrics["accuracy"])
        assert found["value"] == 0.5
        return found["high"] - found["low"]

    clustered, independent = width(lambda p, s: p % 2 == 0), width(lambda p, s: s % 2 == 0)
    # 30 coins, not 480: 2 * 1.96 * sqrt(0.25 / 30)
    assert clustered == pytest.approx(0.358, abs=0.04)
    assert independent == 0


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    drawn = weights(60, 500, 0)
    held = 0
    for _ in range(300):
        values = rng.binomial(1, 0.4, 60).astype(float)
        found = estimate(drawn @ values / 60)
        held += found["low"] <= 0.4 <= found["high"]
    assert 0.90 <= held / 300 <= 0.99


def published_samples(graded, model):
    """Samples whose token counts and accuracies are those of the published curve of ``model``."""
    [curve] = [c for c in PUBLISHED["curves"] if c["model"].startswith(model)]
    for benchmark, points in curve["benchmarks"].items():
        if benchmark not in ("aime2025", "math500", "amc", "olympiad_bench"):
            continue
        for tokens, (used, accuracy) in zip(curve["budgets"], points, strict=True):
            right = round(accuracy * 10)
            for number in range(1000):
                yield graded(
                    number % 100,
                    number // 100,
                    benchmark=benchmark,
                    budget={"mode": "exact", "tokens": tokens},
                    used=used + (5 if number % 2 else -5),
                    correct=number < right,
                )


@pytest.mark.parametrize(("model", "slope"), [("L1-Exact", 0.24), ("S1", 0.37)])
def test_samples_made_to_the_published_numbers_give_the_published_slopes_and_averages(graded, jsonl, model, slope):
    path = jsonl(published_samples(graded, model))
    measured = measure(path)
    [macro] = [curve for curve in measured["runs"][0]["curves"] if curve["name"] == "macro:math"]
    assert macro["slope_per_decade"]["value"] == pytest.approx(slope, abs=0.02)
    [published] = [c for c in PUBLISHED["curves"] if c["model"].startswith(model)]
    for point, (tokens, accuracy) in zip(macro["points"], published["benchmarks"]["macro:math"], strict=True):
        assert point["tokens"]["value"] == pytest.approx(tokens, abs=1)
        assert 100 * point["accuracy"]["value"] == pytest.approx(accuracy, abs=0.06)


def test_a_macro_average_is_only_of_groups_that_are_complete(graded, jsonl):
    path = jsonl([graded(p, benchmark=b) for b in ("aime2025", "math500", "amc") for p in range(3)])
    measured = measure(path)
    assert [c["name"] for c in measured["runs"][0]["curves"]] == ["aime2025", "amc", "math500", "macro:all"]


def test_length_errors_of_table_2_weigh_benchmarks_alike_and_long_and_short_cancel_only_where_signed(graded, jsonl):
    # GPQA errs by +50 and -50 %, three times as many samples of LSAT by +20 %.
    errors = {"gpqa": (0.5, -0.5), "lsat": (0.2,) * 6}
    path = jsonl(
        graded(problem, benchmark=benchmark, used=round(tokens * (1 + error)), budget={"mode": mode, "tokens": tokens})
        for mode in ("exact", "max")
        for benchmark, many in errors.items()
        for problem, error in enumerate(many)
        for tokens in (100, 1000)
    )
    run = measure(path)["runs"][0]
    assert [(row["group"], row["mode"]) for row in run["length_errors"]] == [
        ("gpqa, lsat", "exact"),
        ("gpqa, lsat", "max"),
    ]
    found = {name: estimate["value"] for name, estimate in run["length_errors"][0]["metrics"].items()}
    assert found == pytest.approx(
        {"mean_error": 0.1, "mean_abs_error": 0.35, "relative_rmse": math.sqrt((0.25 + 0.04) / 2)}
    )
    gpqa, lsat = (cell["metrics"]["relative_rmse"]["value"] for cell in run["pooled"] if cell["mode"] == "exact")
    assert (gpqa, lsat) == pytest.approx((0.5, 0.2))


def test_published_length_errors_stand_beside_measured_ones_of_the_same_benchmarks_only(graded, jsonl):
    measured = measure(jsonl([graded(0, benchmark="mmlu", used=150)]))
    [table] = [t for t in tables(measured, PUBLISHED) if t.title.startswith("Length error")]
    assert table.rows == [
        ["mmlu", "exact all", "graded", "50.0 % [50.0, 50.0]", "50.0 % [50.0, 50.0]", "50.0 % [50.0, 50.0]"],
        ["mmlu", "exact all", "L1-Exact (published)", "40.54 %", "42.61 %", "–"],
        ["mmlu", "exact all", "L1-Exact+ (published)", "23.57 %", "33.48 %", "–"],
    ]


def test_at_equal_tokens_nothing_is_extrapolated():
    tokens, accuracy = np.full((2, 3), [[100.0], [1000.0]]), np.full((2, 3), [[0.2], [0.6]])
    curve = Curve("tiny", "exact", (100, 1000), tokens, accuracy)
    assert curve.at(10**2.5) == pytest.approx(0.4)
    assert np.isnan(curve.at(99)).all()
    assert np.isnan(curve.at(1001)).all()
    assert curve.slope_per_decade() == pytest.approx(0.4)
    assert curve.area() == pytest.approx(0.4)


def test_average_chance_and_vote_are_kept_apart(graded, jsonl):
    answers = {0: ["1", "1", "2", "3"], 1: ["1", "2", "2", "2"], 2: [None] * 4}
    path = jsonl(
        graded(p, s, correct=answer == "1", answer=answer)
        for p, given in answers.items()
        for s, answer in enumerate(given)
    )
    measured = measure(path)
    votes = {row["k"]: row for row in measured["runs"][0]["cells"][0]["voting"]}
    assert votes[4]["avg"]["value"] == votes[1]["avg"]["value"] == pytest.approx(3 / 12)
    assert votes[1]["pass"]["value"] == pytest.approx(3 / 12)
    assert votes[2]["pass"]["value"] == pytest.approx((5 / 6 + 3 / 6 + 0) / 3)
    assert votes[4]["pass"]["value"] == pytest.approx(2 / 3)
    assert votes[4]["maj"]["value"] == pytest.approx(1 / 3)


def test_a_tied_vote_is_shared(graded, jsonl):
    path = jsonl([graded(0, 0, correct=True, answer="1"), graded(0, 1, correct=False, answer="2")])
    measured = measure(path)
    assert measured["runs"][0]["cells"][0]["voting"][-1]["maj"]["value"] == 0.5


def test_the_share_of_problems_that_get_longer_with_every_budget(graded, jsonl):
    lengths = {0: (90, 150, 300), 1: (90, 80, 300), 2: (90, 90, 300), 3: (10, 20, 30)}
    path = jsonl(
        graded(p, used=used, budget={"mode": "exact", "tokens": tokens})
        for p, many in lengths.items()
        for tokens, used in zip((100, 200, 400), many, strict=True)
    )
    measured = measure(path)
    assert measured["runs"][0]["pooled"][0]["monotone"] == 0.5


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}</pre>"


def test_text_of_models_names_and_files_is_shown_and_never_run(graded, jsonl, tmp_path):
    path = jsonl([graded(0) | dict.fromkeys(("response", "problem", "answer", "ground_truth"), HOSTILE)], "<b>.jsonl")
    output, _ = draw(tmp_path, "--runs", f"<script>name</script>$x$={path}", "--title", HOSTILE)
    page = (output / "report.html").read_text()
    assert page.count("<script") == 2  # the packed samples, and what reads them
    assert "<img src=x" not in page
    assert "<b>.jsonl" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7 * 7 }}" in page


def test_later_training_files_win_where_they_overlap(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    lines = [{"step": s, "data": {"critic/score/mean": s / 10, "lcpo/acc": 0.5}} for s in (1, 2, 3)]
    first.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 4, "da')
    second.write_text(json.dumps({"step": 3, "data": {"critic/score/mean": 9.0, "note": "x"}}) + "\n")
    steps = load_training([first, second])
    assert list(steps) == [1, 2, 3]
    assert steps[3] == {"critic/score/mean": 9.0, "lcpo/acc": 0.5}


def test_a_training_log_is_drawn_by_itself_while_the_run_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    lines = [{"step": s, "data": {"critic/score/mean": s / 10, "lcpo/acc": 0.5}} for s in (1, 2, 3)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 4, "da')
    output, measured = draw(tmp_path, "--training", str(path))
    assert (measured["runs"], measured["overview"]) == ([], [])
    assert list((output / "figures").glob("training_*.svg"))
    assert "Training: " in (output / "report.html").read_text()
    with pytest.raises(InputError, match="there is nothing to report"):
        draw(tmp_path / "none")


def test_length_error_is_drawn_by_budget_band_in_order(tmp_path):
    path = tmp_path / "a.jsonl"
    data = {f"lcpo/exact/{band}/mean_abs_error": 0.1 for band in ("1001-2000", "1-1000", "10001-11000")}
    data |= {"lcpo/range/1-1000/mean_abs_error": 0.1, "lcpo/range/mean_abs_error": 0.1}
    path.write_text(json.dumps({"step": 1, "data": data | {"lcpo/exact/mean_abs_error": float("nan")}}) + "\n")
    with pytest.raises(InputError):
        load_training([path])  # NaN is not JSON: verl's logger never writes it
    path.write_text(json.dumps({"step": 1, "data": data}) + "\n")
    assert list(curves(load_training([path]))["Length error by budget"]["series"]) == [
        "lcpo/exact/1-1000/mean_abs_error",
        "lcpo/exact/1001-2000/mean_abs_error",
        "lcpo/exact/10001-11000/mean_abs_error",
        "lcpo/range/1-1000/mean_abs_error",
    ]
    assert list(curves(load_training([path]))["Length error"]["series"]) == ["lcpo/range/mean_abs_error"]


def test_the_board_puts_runs_and_published_models_at_equal_tokens_with_their_violations(graded, jsonl):
    def answered(budget, used, correct):
        asked = {"mode": "max", "tokens": budget}
        return [
            graded(n, benchmark="math500", budget=asked, used=used, correct=n < correct) for n in range(10)
        ]  # fmt: skip

    run = measure(jsonl([*answered(512, 500, 6), *answered(1024, 2000, 9)], "mine"))
    [board] = [table for table in tables(run, PUBLISHED) if table.title.startswith("Board")]
    assert board.columns[4:] == ["512", "1,024"]
    rows = {row[1]: row for row in board.rows}
    assert rows["mine"][3].startswith("50.0 %")
    assert rows["mine"][5].startswith(f"{60 + 30 * math.log(1024 / 500) / math.log(4):.1f} %")
    # L1-Max: (499, 77.3) and (727, 80.9) on MATH-500, as digitised
    expected = 77.3 + 3.6 * math.log(512 / 499) / math.log(727 / 499)
    assert rows["L1-Max (published)"][4] == f"{expected:.1f} %"
    assert rows["S1 (as the authors ran it) (published)"][4] == "–"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("budget", 512, "budget is 512; it must hold mode and tokens"),
        ("budget", {"mode": "exact", "tokens": -1}, "budget tokens is -1"),
        ("used_tokens", "many", "used_tokens is 'many'"),
        ("used_tokens", -1, "used_tokens is -1"),
        ("thinking_tokens", True, "thinking_tokens is True"),
        ("response", None, "response is None; it must be text"),
    ],
)
def test_a_field_that_holds_something_else_is_one_line_with_its_value(graded, jsonl, field, value, says):
    path = jsonl([graded(0), graded(1) | {field: value}])
    with pytest.raises(InputError, match=rf"line 2: {re.escape(says)}"):
        load_run("run", path, Keywords.load())


def test_thoughts_that_only_some_responses_have_counted_have_no_mean(graded, jsonl):
    known, unknown = measure(
        jsonl([graded(0), graded(1)], "known"), jsonl([graded(0), graded(1) | {"thinking_tokens": None}], "unknown")
    )["runs"]
    assert known["cells"][0]["metrics"]["thinking_tokens"]["value"] == 93
    assert unknown["cells"][0]["metrics"]["thinking_tokens"]["value"] is None
    assert unknown["cells"][0]["metrics"]["used_tokens"]["value"] == 100


def test_a_share_that_no_resample_changes_has_wilson_s_interval():
    z2 = 1.959964**2
    assert share(np.zeros(101), 60) == {"value": 0, "low": 0, "high": pytest.approx(z2 / (60 + z2))}
    assert share(np.ones(101), 60) == {"value": 1, "low": pytest.approx(60 / (60 + z2)), "high": 1}
    assert share(np.array([0.5, 0.4, 0.6]), 60) == estimate(np.array([0.5, 0.4, 0.6]))


def test_one_problem_has_a_value_and_no_interval():
    assert estimate(np.full(101, 7.0), problems=1) == {"value": 7, "low": None, "high": None}
    assert estimate(np.full(101, 7.0), problems=2) == {"value": 7, "low": 7, "high": 7}


def test_the_overview_has_paired_differences_on_what_two_runs_share(graded, jsonl):
    first = [graded(n, correct=n < 2, used=90) for n in range(4)]
    second = [graded(n, correct=n < 3, used=100) for n in range(4)]
    elsewhere = [graded(n, benchmark="other") for n in range(4)]
    rows = measure(jsonl(first, "a"), jsonl([*second, *elsewhere], "b"), jsonl(elsewhere, "c"))["overview"]
    assert [row["differences"] is None for row in rows] == [True, False, True]
    assert rows[1]["benchmarks"] == ["other", "tiny"]
    assert rows[1]["metrics"]["accuracy"]["value"] == (0.75 + 1) / 2
    assert rows[1]["differences"]["accuracy"]["value"] == 0.25
    assert rows[1]["differences"]["used_tokens"] == {"value": 10, "low": 10, "high": 10}


def asked_of(graded, budgets, used):
    """Four problems under each budget, all of one length."""
    return [
        graded(n, number, budget=budget, used=used + number, thinking_tokens=used)
        for number, budget in enumerate(budgets)
        for n in range(4)
    ]


def test_a_budget_of_0_takes_no_length_error_from_the_budgets_beside_it(graded, jsonl):
    budgets = [{"mode": "exact", "tokens": tokens} for tokens in (0, 100)]
    paths = [jsonl(asked_of(graded, budgets, used), name) for used, name in ((99, "a"), (109, "b"))]
    measured = measure(*paths)
    differences = {(row["run"], row["mode"]): row["differences"] for row in measured["overview"]}
    assert differences["b", "exact"]["mean_abs_error"]["value"] == pytest.approx(0.1)
    _, zero = measured["runs"][0]["cells"]
    assert (zero["mode"], zero["asked"]) == ("zero", "exact 0")
    assert zero["metrics"]["mean_abs_error"]["value"] is None
    assert zero["metrics"]["mean_abs_error_tokens"]["value"] == 98  # the thought without its </think>
    assert all(0 not in row["tokens"] for row in measured["equal_tokens"])


def test_the_page_names_ranges_and_levels_and_holds_samples_against_what_was_asked(graded, jsonl, tmp_path):
    budgets = [
        {"mode": "range", "tokens": 200, "least": 120}, {"mode": "range", "tokens": 200, "least": 50},
        {"mode": "level", "tokens": 200, "level": "low"}, {"mode": "exact", "tokens": 0},
    ]  # fmt: skip
    output, _ = draw(tmp_path, "--runs", f"run={jsonl(asked_of(graded, budgets, 100))}")
    samples = unpacked((output / "report.html").read_text())["samples"]
    assert set(zip(samples["asked"], samples["target"], samples["counted"], strict=True)) == {
        ("range 120-200", 120, 100), ("range 50-200", 101, 101), ("level low", 200, 102), ("exact 0", 0, 99),
    }  # fmt: skip


def test_runs_that_were_graded_by_different_rules_are_marked(graded, jsonl, tmp_path):
    paths = [jsonl([graded(0), graded(1)], name) for name in ("a", "b")]
    for path, needed in zip(paths, (True, False), strict=True):
        config_path(path).write_text(json.dumps({"grader": "1", "timeout": 5.0, "require_think_end": needed}))
    output, measured = draw(tmp_path, "--runs", *(f"{path.stem}={path}" for path in paths))
    assert [run["grading"]["require_think_end"] for run in measured["runs"]] == [True, False]
    assert "graded by different rules" in (output / "report.html").read_text()
    same, _ = draw(tmp_path / "same", "--runs", f"a={paths[0]}")
    assert "graded by different rules" not in (same / "report.html").read_text()


def test_keywords_are_whole_words_in_any_case():
    keywords = Keywords({"a": ["wait", "let me check"], "b": ["thus"]})
    assert keywords.count("WAIT, await, waiting. Wait; let me check, Thus thus_x") == [2, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "nofile"], "NAME=GRADED"),
        (["--runs", "a=missing.jsonl"], "missing.jsonl is not a file"),
        (["--runs", "a=x", "a=y"], "own name"),
        (["--runs", "a=x", "--resamples", "5"], "--resamples is 5"),
        (["--runs", "a=x", "--at-tokens", "0"], "--at-tokens"),
    ],
)
def test_arguments_that_cannot_work_are_refused(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        report.main([*arguments, "--output", str(tmp_path / "report")])
    assert not (tmp_path / "report").exists()


def test_ungraded_double_and_missing_samples_are_refused(graded, jsonl, tmp_path):
    ungraded = graded(0)
    del ungraded["correct"]
    for records, message in (([ungraded], "correct"), ([graded(0), graded(0)], "twice"), ([], "no sample")):
        with pytest.raises(InputError, match=message):
            report.main(["--runs", f"a={jsonl(records)}", "--output", str(tmp_path / "report")])


def test_a_report_is_replaced_only_when_told_to_and_nothing_else_ever(varied, jsonl, tmp_path):
    path = jsonl(varied[:20])
    draw(tmp_path, "--runs", f"a={path}")
    with pytest.raises(InputError, match="--overwrite"):
        draw(tmp_path, "--runs", f"a={path}")
    draw(tmp_path, "--runs", f"a={path}", "--overwrite")
    precious = tmp_path / "precious"
    precious.mkdir()
    with pytest.raises(InputError, match="is not a report"):
        report.main(["--runs", f"a={path}", "--output", str(precious), "--overwrite"])


def test_a_killed_report_leaves_nothing_that_the_next_one_stumbles_over(varied, jsonl, tmp_path):
    path, output = jsonl(varied), tmp_path / "report"
    command = [sys.executable, "-m", "eval.report", "--runs", f"a={path}", "--output", str(output)]
    kill_when(lambda: list(tmp_path.glob(".report.*.partial/results.json")), command, cwd=ROOT)
    assert not output.exists()

    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert (output / "report.html").exists()
    assert not list(tmp_path.glob(".*"))


def test_runs_without_budgets_are_measured_too(graded, jsonl):
    path = jsonl(graded(p, budget=None, thinking_tokens=None) for p in range(4))
    measured = measure(path)
    [cell] = measured["runs"][0]["cells"]
    assert (cell["mode"], cell["budget"]) == ("none", None)
    assert cell["metrics"]["mean_abs_error"]["value"] is None
    assert cell["metrics"]["thinking_tokens"]["value"] is None
    assert cell["metrics"]["accuracy"]["value"] == 1.0
