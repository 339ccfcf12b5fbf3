"""Several suites, one line each."""

from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.report.summary import render_summary


def test_each_suite_has_a_line_and_all_have_one_exit_code(paper, cards):
    page = paper(120)
    named = [replace(cards[name], suite=name) for name in ("passed", "failed", "inconclusive")]
    render_summary(named, exit_code=1, console=page.console)
    assert page.lines == [
        " ✓ PASS          passed        exit 0 · 5 of 5 critical met",
        " ✗ FAIL          failed        exit 1 · 3 of 5 critical met · 1 missed · 1 missed, unconfirmed · 0 of 1 soft met",
        " ? INCONCLUSIVE  inconclusive  exit 3 · 4 of 5 critical met · 1 not yet known · 0 of 1 soft met",
        "",
        " 3 suites, exit 1",
    ]


def test_hostile_suites_forge_nothing_on_a_narrow_console(paper, cards):
    page = paper(60)
    render_summary([cards["hostile"], cards["passed"]], exit_code=1, console=page.console)
    assert "\x1b" not in page.text
    assert max(cell_len(line) for line in page.lines) <= 60
    assert sum(line.startswith(" ✓ PASS") for line in page.lines) == 1
