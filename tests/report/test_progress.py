"""How far a run is, on a terminal and elsewhere."""

import re

from evalslo.model.run import Progress
from evalslo.report.progress import progress_printer


def steps(suite: str = "rag", *, planned: int = 200, errors: int = 0) -> list[Progress]:
    return [
        Progress(suite=suite, stage="collect", done=done, planned=planned, errors=errors, in_flight=8)
        for done in range(planned + 1)
    ]


def test_elsewhere_each_tenth_of_the_way_gets_a_line(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        for step in steps(errors=2):
            on_progress(step)
    assert len(page.lines) == 10
    assert page.lines[0] == "rag: asking 20/200, 2 failed, 8 in flight"
    assert page.lines[-1] == "rag: asking 200/200, 2 failed, 8 in flight"


def test_suites_and_stages_are_told_apart(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        on_progress(Progress(suite="a", stage="collect", done=5, planned=10))
        on_progress(Progress(suite="b", stage="collect", done=5, planned=10))
        on_progress(Progress(suite="a", stage="score", done=5, planned=10))
    assert page.lines == ["a: asking 5/10", "b: asking 5/10", "a: scoring 5/10"]


def test_a_terminal_gets_a_bar_that_goes_when_all_is_done(paper):
    page = paper(100, colour=True)
    with progress_printer(page.console) as on_progress:
        for step in steps(errors=3):
            on_progress(step)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", page.text)
    assert "rag: asking" in shown
    assert "200/200" in shown
    assert "3 failed, 8 in flight" in shown
    assert page.text.rstrip("\n").endswith("\x1b[2K")


def test_nothing_is_shown_where_it_has_to_be_quiet(capsys):
    with progress_printer(None) as on_progress:
        on_progress(steps()[-1])
    assert capsys.readouterr() == ("", "")


def test_a_run_without_plan_ends_at_once(paper):
    page = paper(80)
    with progress_printer(page.console) as on_progress:
        on_progress(Progress(suite="empty", stage="collect", done=0, planned=0))
    assert page.lines == ["empty: asking 0/0"]


def test_a_hostile_suite_moves_no_cursor(paper, hostile):
    for colour in (False, True):
        page = paper(100, colour=colour)
        with progress_printer(page.console) as on_progress:
            on_progress(Progress(suite=hostile, stage="collect", done=1, planned=1))
        assert r"\x1b[31mred" in page.text
        assert "\x1b[31mred" not in page.text
        assert "\x07" not in page.text
