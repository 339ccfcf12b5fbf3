"""Progress on a terminal."""

import re

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.objective import Slice
from evalslo.model.run import Progress, Provisional
from evalslo.report.live_view import progress_rows, so_far_rows
from evalslo.report.paper import paper_of
from evalslo.report.progress import progress_printer

STEP = Progress(
    suite="support-rag",
    stage="collect",
    done=1240,
    planned=5000,
    errors=7,
    by_class={"rate_limit": 3, "connect_timeout": 2, "reset": 1, "dns": 1},
    in_flight=48,
    allowed=64,
    rate_per_s=312.4,
    left_s=72.3,
    cost_usd=0.3104,
    provisional=(
        Provisional(objective="faithful", estimate=0.9731, lower=0.9512, upper=0.987, n=640),
        Provisional(objective="hallucination", estimate=0.0312, lower=0.0213, upper=0.0456, n=1236),
        Provisional(objective="precision@5", estimate=0.713, lower=0.702, upper=0.724, n=1240),
    ),
)


@pytest.fixture
def objectives(cards) -> list:
    return [row.objective for row in cards["passed"].objectives]


def drawn(page, step: Progress, objectives=()) -> list[str]:
    on = paper_of(page.console)
    return [line.plain for line in (*progress_rows(on, step), *so_far_rows(on, step, objectives=objectives))]


def shown(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_a_wide_terminal_gets_every_part(paper, objectives):
    assert drawn(paper(100), STEP, objectives) == [
        " support-rag: asking  ━━━━━━━─────────────────────────  1,240/5,000  1 min 12 s left",
        "  48 of 64 in flight · 312/s · cost 0.310 usd",
        "  7 failed (429 rate limit 3, connect timeout 2, host name not found 1, other 1)",
        "  so far, no verdict",
        "  faithfulness >= 0.8 for 95% of requests  97.3 %  [95.1, 98.7]    of 640  ",
        "  hallucination <= 5%                       3.1 %  [2.1, 4.6]      of 1,236",
        "  precision@5 >= 0.60                       0.713  [0.702, 0.724]  of 1,240",
    ]


def test_a_narrow_terminal_gets_fewer_parts_and_whole_numbers(paper, objectives):
    assert drawn(paper(40), STEP, objectives) == [
        " support-rag: asking  1,240/5,000",
        "  48 of 64 in flight · 312/s",
        "  7 failed (429 rate limit 3, other 4)",
        "  so far, no verdict",
        "  faithfulness…  97.3 %  [95.1, 98.7]  ",
        "  hallucinatio…   3.1 %  [2.1, 4.6]    ",
        "  precision@5…    0.713  [0.702, 0.724]",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [12, 20, 31, 40, 60, 80, 100, 200])
def test_no_line_reaches_the_last_column(paper, objectives, width, encoding):
    lines = drawn(paper(width, encoding=encoding), replace(STEP, waiting_s=3725.0), objectives)
    assert max(map(cell_len, lines)) < width
    assert "\n".join(lines).encode(encoding)


@pytest.mark.parametrize("width", range(30, 100))
def test_a_number_is_whole_or_not_there(paper, objectives, width):
    lines = drawn(paper(width), STEP, objectives)
    assert lines[0].split("  ")[-1] in ("1,240/5,000", "1 min 12 s left")
    row = next(line for line in lines if line.startswith("  precision"))
    assert re.fullmatch(r"  precis.*?  0\.713(  \[0\.702, 0\.724\](  of 1,240)?)?", row)


def test_waiting_is_told_before_all_else(paper):
    assert drawn(paper(40), replace(STEP, waiting_s=12.0))[1] == "  waiting 12 s (rate limit) · 312/s"


def test_an_allowance_that_never_changes_is_not_told(paper):
    assert "  48 in flight · " in drawn(paper(100), replace(STEP, allowed=None))[1]


def test_what_is_unknown_or_nought_is_left_out(paper, objectives):
    bare = Progress(suite="rag", stage="score", done=0, planned=10)
    assert drawn(paper(100), bare, objectives) == [f" rag: scoring  {'─' * 32}  0/10"]


def test_the_bar_is_full_at_the_end_and_reads_without_colour(paper):
    ended = drawn(paper(100), replace(STEP, done=5000))[0]
    assert "━" * 32 in ended
    assert "─" not in ended
    assert "=======-----" in drawn(paper(100, encoding="ascii"), STEP)[0]


def test_critical_objectives_come_first_and_six_at_most(paper, objectives):
    many = [replace(objectives[1], id=f"row-{n}", text=f"row-{n} <= 5%", critical=n > 2) for n in range(9)]
    so_far = tuple(replace(STEP.provisional[1], objective=one.id) for one in many)
    lines = drawn(paper(100), replace(STEP, provisional=so_far), many)[4:]
    assert [line.split()[0] for line in lines] == [*(f"row-{n}" for n in range(3, 9)), "and"]
    assert lines[-1] == "  and 3 more"


def test_a_slice_is_told_from_the_other_slices(paper, objectives):
    part = replace(objectives[1], slice=Slice(tag="language", value="de"))
    assert "  hallucination <= 5% [language=de]  3.1 %" in drawn(paper(100), STEP, [part])[4]


def test_an_objective_that_nothing_is_known_of_has_no_line(paper, objectives):
    lines = drawn(paper(100), replace(STEP, provisional=()), objectives)
    assert len(lines) == 3
    assert not any("so far" in line for line in lines)


def test_a_terminal_gets_a_view_that_goes_when_all_is_done(paper, objectives):
    page = paper(100, colour=True)
    with progress_printer(page.console, objectives=objectives) as on_progress:
        on_progress(STEP)
        on_progress(replace(STEP, done=5000))
    assert "support-rag: asking" in shown(page.text)
    assert "5,000/5,000" in shown(page.text)
    assert "hallucination <= 5%" in shown(page.text)
    assert page.text.rstrip("\n").endswith("\x1b[2K")


def test_it_is_drawn_no_oftener_than_the_eye_follows(paper):
    page = paper(100, colour=True)
    with progress_printer(page.console) as on_progress:
        for number in range(1000):
            page.now_s = number / 1000
            on_progress(replace(STEP, done=number))
        before = shown(page.text).count("support-rag")
        on_progress(replace(STEP, stage="score", done=0))
        on_progress(replace(STEP, stage="score", done=5000))
        drawings = shown(page.text).count("support-rag")
    assert 2 <= before <= 6
    assert drawings == before + 2


def test_texts_of_strangers_are_harmless(paper, objectives, hostile):
    strange = replace(objectives[1], id=hostile, text=hostile, slice=Slice(tag=hostile, value=hostile))
    step = replace(
        STEP,
        suite=hostile,
        by_class={hostile: 7},
        provisional=(replace(STEP.provisional[1], objective=hostile),),
    )
    page = paper(100, colour=True)
    with progress_printer(page.console, objectives=[strange]) as on_progress:
        on_progress(step)
    assert r"\x1b[31mred" in page.text
    assert "\x1b[31mred" not in page.text
    assert "\x1b]8" not in page.text
    assert "\x07" not in page.text
    assert all(ord(letter) >= 32 for line in drawn(paper(100), step, [strange]) for letter in line)
