"""How far a run is, where there is no terminal and where nobody looks."""

import subprocess
import sys

import pytest

from evalslo.model.run import Progress
from evalslo.report.progress import progress_printer
from evalslo.report.progress_words import waiting

FAILED = {"rate_limit": 3, "connect_timeout": 2, "reset": 1, "dns": 1}


def steps(suite: str = "rag", *, planned: int = 200, **more) -> list[Progress]:
    return [
        Progress(suite=suite, stage="collect", done=done, planned=planned, in_flight=8, **more)
        for done in range(planned + 1)
    ]


def test_elsewhere_each_tenth_of_the_way_gets_a_line(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        for step in steps(errors=2):
            on_progress(step)
    assert len(page.lines) == 10
    assert page.lines[0] == "rag: asking 20/200, 8 in flight, 2 failed"
    assert page.lines[-1] == "rag: asking 200/200, 8 in flight, 2 failed"


def test_a_line_says_pace_time_left_failures_and_cost(paper):
    page = paper(80)
    step = Progress(
        suite="rag",
        stage="collect",
        done=1240,
        planned=5000,
        errors=7,
        by_class=FAILED,
        in_flight=3,
        allowed=64,
        rate_per_s=312.4,
        left_s=72.3,
        waiting_s=12.2,
        cost_usd=0.3104,
    )
    with progress_printer(page.console) as on_progress:
        on_progress(step)
    failures = "7 failed (429 rate limit 3, connect timeout 2, host name not found 1, other 1)"
    pace = "312/s, 1 min 12 s left, waiting 12 s (rate limit), 3 of 64 in flight"
    assert page.lines == [f"rag: asking 1,240/5,000, {pace}, {failures}, cost 0.310 usd"]


def test_a_long_run_looks_alive_between_the_tenths(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        for second in range(0, 96, 5):
            page.now_s = float(second)
            on_progress(Progress(suite="rag", stage="collect", done=second // 10, planned=1000))
    assert page.lines == ["rag: asking 3/1,000", "rag: asking 6/1,000", "rag: asking 9/1,000"]


def test_silence_is_counted_from_the_last_line(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        for second, done in ((0, 0), (25, 100), (50, 110), (54, 120), (55, 130)):
            page.now_s = float(second)
            on_progress(Progress(suite="rag", stage="collect", done=done, planned=1000))
    assert page.lines == ["rag: asking 100/1,000", "rag: asking 130/1,000"]


def test_suites_and_stages_are_told_apart(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        on_progress(Progress(suite="a", stage="collect", done=5, planned=10))
        on_progress(Progress(suite="b", stage="collect", done=5, planned=10))
        for second in (0, 3):
            page.now_s = float(second)
            on_progress(Progress(suite="a", stage="score", done=5, planned=10))
    assert page.lines == ["a: asking 5/10", "b: asking 5/10", "a: scoring 5/10"]


def test_scoring_gets_lines_only_where_it_takes_a_while(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        for suite, pace_s in (("quick", 0.0625), ("slow", 0.5)):
            for done in range(21):
                page.now_s += pace_s
                on_progress(Progress(suite=suite, stage="score", done=done, planned=20))
    assert page.lines == [f"slow: scoring {done}/20" for done in (4, 6, 8, 10, 12, 14, 16, 18, 20)]


@pytest.mark.parametrize(("wait_s", "told"), [(0.004, "< 1 s"), (0.7, "< 1 s"), (1.2, "1 s"), (12.2, "12 s")])
def test_a_wait_of_less_than_a_second_is_told_as_such(wait_s, told):
    progress = Progress(suite="rag", stage="collect", done=1, planned=2, waiting_s=wait_s)
    assert waiting(progress) == f"waiting {told} (rate limit)"


def test_a_log_that_is_told_to_have_colours_is_still_no_terminal(paper):
    page = paper(80, colour=True, terminal=False)
    with progress_printer(page.console) as on_progress:
        for step in steps():
            on_progress(step)
    assert len(page.lines) == 10
    assert "\x1b[" not in page.text


def test_nothing_is_shown_where_it_has_to_be_quiet(capsys):
    with progress_printer(None) as on_progress:
        on_progress(steps()[-1])
    assert capsys.readouterr() == ("", "")


def test_where_it_has_to_be_quiet_nothing_is_loaded_to_draw_with():
    code = (
        "import sys\n"
        "from evalslo.report.progress import progress_printer\n"
        "with progress_printer(None): pass\n"
        "print(any(name.split('.')[0] == 'rich' for name in sys.modules))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # our own lines
    assert told.stdout.split() == ["False"]


def test_a_run_without_plan_ends_at_once(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        on_progress(Progress(suite="empty", stage="collect", done=0, planned=0))
    assert page.lines == ["empty: asking 0/0"]


def test_a_hostile_suite_moves_no_cursor(paper, hostile):
    for colour in (False, True):
        page = paper(100, colour=colour)
        with progress_printer(page.console) as on_progress:
            on_progress(Progress(suite=hostile, stage="collect", done=1, planned=1, errors=1, by_class={hostile: 1}))
        assert r"\x1b[31mred" in page.text
        assert "\x1b[31mred" not in page.text
        assert "\x07" not in page.text
