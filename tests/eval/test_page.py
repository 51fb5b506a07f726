"""The page of a report in a real browser: what it lists, filters, links to, and what text of models may not do."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest

from eval import report
from eval.report.__main__ import main

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium or Chrome on this machine"),
]
HOSTILE = (
    "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\"> {{ 7*7 }} \u2028 \x00"
)


@pytest.fixture
def page(graded, jsonl, tmp_path):
    """Two runs on the same four problems, of which the second one solves one more."""

    def sample(number, correct, used, text="\\boxed{2}"):
        return graded(number, budget={"mode": "exact", "tokens": 800}) | {
            "id": f"id{number}", "row_id": f"p{number}", "correct": correct, "used_tokens": used, "response": text,
            "answer": "2" if correct else None, "status": "ok" if correct else "no_answer",
        }  # fmt: skip

    first = jsonl(
        [sample(0, True, 800), sample(1, False, 900), sample(2, False, 100), sample(3, True, 5, HOSTILE)], "a"
    )
    second = jsonl([sample(0, True, 810), sample(1, True, 790), sample(2, False, 100), sample(3, True, 5)], "b")
    output = tmp_path / "report"
    main(["--runs", f"first={first}", f"second={second}", "--output", str(output), "--resamples", "100"])
    return output / "report.html"


def seen(page: Path, **asked: str) -> str:
    """The document after its scripts have run, at the address that asks for a view."""
    command = [
        BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom",
        f"--user-data-dir={page.parent / 'profile'}", f"{page.as_uri()}#{urlencode(asked)}",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def listed(document: str) -> list[str]:
    """Run and id of the samples in the list, in its order."""
    body = document[document.index('id="browser"') :].split("<tbody>")[1].split("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        " ".join(reversed([re.sub("<.*?>", "", cell) for cell in re.findall("<td>(.*?)</td>", row)[:2]]))
        for row in rows
    ]


def test_all_samples_are_listed_and_counted(page):
    document = seen(page)
    assert "8 of 8 samples" in document
    assert listed(document) == [f"{run} id{n}" for run in ("first", "second") for n in range(4)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"run": "second", "verdict": "no answer"}, ["second id2"]),
        ({"verdict": "over budget"}, ["first id1", "second id0"]),
        ({"run": "first", "order": "most tokens"}, ["first id1", "first id0", "first id2", "first id3"]),
        ({"search": "ID3"}, ["first id3", "second id3"]),
        ({"compared": "second better than first"}, ["second id1"]),
        ({"compared": "first better than second"}, []),
    ],
)
def test_the_list_is_filtered_sorted_and_searched_by_what_the_address_asks(page, asked, expected):
    assert listed(seen(page, **asked)) == expected


def test_samples_under_a_budget_of_0_a_range_and_a_level_are_listed_by_what_they_were_asked(graded, jsonl, tmp_path):
    asked = {
        "exact 0": ({"mode": "exact", "tokens": 0}, 20),
        "range 80-120": ({"mode": "range", "tokens": 120, "least": 80}, 100),
        "level low": ({"mode": "level", "tokens": 120, "level": "low"}, 130),
    }
    samples = [graded(0, budget=budget, used=used) | {"id": name} for name, (budget, used) in asked.items()]
    output = tmp_path / "report"
    main(["--runs", f"dial={jsonl(samples)}", "--output", str(output), "--resamples", "100"])
    page = output / "report.html"
    assert listed(seen(page, budget="range 80-120")) == ["dial range 80-120"]
    assert sorted(listed(seen(page, verdict="over budget"))) == ["dial exact 0", "dial level low"]


def test_a_link_opens_one_sample_beside_the_same_problem_in_every_run(page):
    document = seen(page, sample="1 id1")
    detail = document[document.index("<h3>") :]
    assert "second, tiny" in detail
    assert "This problem, all budgets and runs (2)" in detail
    assert "first" in detail.split("This problem")[1]


def test_text_of_a_model_is_shown_and_never_run(page):
    document = seen(page, sample="0 id3")
    assert "<title>Budgets, kept and spent</title>" in document
    assert html.escape("<img src=x onerror=", quote=False) in document
    assert "{{ 7*7 }}" in document


def test_the_points_of_a_figure_lie_over_it_and_say_what_they_are(page):
    figure = next(one for one in seen(page).split("<figure>") if "Tokens used over tokens asked for" in one)
    points = re.findall('<span class="point[^"]*" style="left:[0-9.]+%;top:[0-9.]+%" data-text="(.*?)">', figure)
    # 800, 900, 100 and 5 tokens; 810, 790, 100 and 5
    assert [point.split(" [")[0] for point in points] == [
        "first (exact): tokens asked for 800, tokens used 451",
        "second (exact): tokens asked for 800, tokens used 426",
    ]


def test_the_page_asks_no_network_and_its_parts_are_small(page):
    text = page.read_text()
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert (
        json.loads((page.parent / "results.json").read_text())["overview"][1]["differences"]["accuracy"]["value"]
        == 0.25
    )
    assert (Path(report.__file__).parent / "draw" / "browser.js").stat().st_size < 20_000
