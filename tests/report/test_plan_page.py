"""Plans on paper: the table, its narrow form, the curve, and the JSON."""

import json
from fractions import Fraction

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.plan import Plan, PlannedPower, PlannedSize, PlannedTruth, Present
from evalslo.report.paper import ASCII, UNICODE
from evalslo.report.plan import render_plan, render_plans
from evalslo.report.plan_json import plans_to_json
from evalslo.report.power_plot import GUTTER, ROWS, draw_power, row_of

EIGHTY, NINETY = Fraction(4, 5), Fraction(9, 10)


def size(power, queries, from_on, bad, **more):
    given = {"events": queries, "reached": float(power)} | more
    return PlannedSize(power=power, queries=queries, queries_from_on=from_on, bad=bad, **given)


PASSING = PlannedTruth(
    truth=Fraction(49, 50), shows="pass", sizes=(size(EIGHTY, 234, 286, 6), size(NINETY, 311, 361, 9)), horizon=467
)
FAILING = PlannedTruth(
    truth=NINETY, shows="fail", sizes=(size(EIGHTY, 169, 191, 14), size(NINETY, 233, 256, 18)), horizon=None
)
CURVE = tuple(PlannedPower(queries=n, power=min(1.0, n / 300)) for n in range(0, 401, 5))
PLAN = Plan(
    objective=None,
    critical=True,
    target=Fraction(19, 20),
    op=">=",
    shape="event_ratio",
    alpha=Fraction(1, 20),
    powers=(EIGHTY, NINETY),
    each=(EIGHTY, NINETY),
    objectives=1,
    repeats=1,
    unit_queries=1.0,
    effect=1.0,
    fewest=59,
    truths=(PASSING, FAILING),
    drawn=Fraction(49, 50),
    curve=CURVE,
)
OF_SUITE = replace(
    PLAN,
    objective="errors",
    op="<=",
    target=Fraction(1, 20),
    truths=(replace(PASSING, truth=Fraction(1, 50)),),
    drawn=Fraction(1, 50),
    present=Present(queries=200, events=200, bad=4, power=0.629),
)
UNKNOWN = replace(
    OF_SUITE,
    objective="close",
    critical=False,
    shape="mean",
    truths=(replace(PASSING, sizes=(None, None), horizon=None),),
    curve=(),
    present=Present(queries=200, events=200, bad=None, power=None),
    notes=("a mean is planned with --spread",),
)
IMPOSSIBLE = replace(
    OF_SUITE, objective="none", truths=(), fewest=None, drawn=None, curve=(), notes=("it cannot PASS",)
)


def page(paper, plan, width, **how):
    sheet = paper(width, **how)
    render_plan(plan, console=sheet.console)
    return sheet


def suite_page(paper, plans, width=100, *, suite="support", **how):
    sheet = paper(width, **how)
    render_plans(suite, plans, console=sheet.console)
    return sheet


def test_a_row_says_the_truth_the_sizes_the_bad_and_the_horizon(paper):
    text = page(paper, PLAN, 100).text
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "at least 95 % good" in rows[0]
    assert "98 % PASS 234 (6 bad) 286 311 (9 bad) 361 467" in rows
    assert "90 % FAIL 169 (14 bad) 191 233 (18 bad) 256 –" in rows
    assert any("a PASS takes 59 golden queries or more" in row for row in rows)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_the_page_and_every_number_is_there(paper, width, encoding):
    for sheet in (
        page(paper, PLAN, width, encoding=encoding),
        suite_page(paper, [OF_SUITE, UNKNOWN, IMPOSSIBLE], width, encoding=encoding),
    ):
        assert all(cell_len(line) <= width for line in sheet.lines)
        for number in ("234", "311", "467", "59"):
            assert number in sheet.text
        assert "errors" in sheet.text or "98 %" in sheet.text


def test_a_narrow_page_names_each_number(paper):
    flat = " ".join(page(paper, PLAN, 44).text.split())
    assert "truth 98 % shows PASS" in flat
    assert "80 % of runs 234 (6 bad)" in flat
    assert "sequential 467" in flat


def test_dependent_events_make_the_bad_ones_approximate(paper):
    text = page(paper, replace(PLAN, effect=1.6, repeats=3), 100).text
    assert "234 (~10 bad)" in text
    assert "3 calls of each: 1.6 events count as one" in text
    grouped = page(paper, replace(PLAN, effect=2.2, unit_queries=5.0), 100).text
    assert "groups of 5: 2.2 events count as one" in grouped


def test_several_objectives_say_what_each_has_to_pass(paper):
    text = page(paper, replace(PLAN, objectives=4, each=(Fraction(19, 20), Fraction(39, 40))), 110).text
    assert "all 4 objectives pass together" in " ".join(text.split())
    assert "95 % and 97.5 %" in " ".join(text.split())


@pytest.mark.parametrize(
    ("power", "said"),
    [(Fraction(14, 15), "93.3 %"), (Fraction(1999, 2000), "99.95 %"), (1 - Fraction(1, 10**6), "99.9999 %")],
)
def test_the_power_of_each_has_three_digits_and_is_never_all(paper, power, said):
    text = page(paper, replace(PLAN, objectives=3, each=(power, power)), 110).text
    assert f"each has to pass {said} and {said} of runs" in " ".join(text.split())


@pytest.mark.parametrize(("powers", "said"), [((EIGHTY, NINETY), "90 %"), ((NINETY, Fraction(19, 20)), "95 %")])
def test_the_legend_says_which_power_a_sequential_run_is_planned_for(paper, powers, said):
    plan = replace(PLAN, powers=powers, each=powers)
    for sheet in (page(paper, plan, 100), suite_page(paper, [replace(OF_SUITE, powers=powers, each=powers)])):
        assert f"1.5 times that for {said}, planned for a PASS alone (a FAIL: –)" in " ".join(sheet.text.split())


def test_a_suite_shows_what_there_is_beside_what_it_takes(paper):
    sheet = suite_page(paper, [OF_SUITE, UNKNOWN, IMPOSSIBLE])
    rows = [" ".join(line.split()) for line in sheet.lines]
    assert "errors 2 % 200 63 % 59 234 (6 bad) 311 (9 bad) 467" in rows
    assert "close (soft) 0.98 200 – 59 – – –" in rows
    assert "none – 200 – – – – –" in rows
    flat = " ".join(rows)
    assert "close: a mean is planned with --spread" in flat
    assert "none: it cannot PASS" in flat
    assert "errors: power at a truth of 2 %" in flat


@pytest.mark.parametrize(
    ("power", "said"), [(0.0, "0 %"), (0.001, "under 1 %"), (0.9999, "over 99 %"), (1.0, "over 99 %")]
)
def test_a_power_is_never_said_to_be_certain(paper, power, said):
    present = replace(OF_SUITE.present, power=power)
    assert f"200  {said}" in suite_page(paper, [replace(OF_SUITE, present=present)]).text


def test_a_suite_without_anything_to_plan_says_so(paper):
    assert "no objective that any number" in suite_page(paper, []).text


def test_the_critical_objective_that_needs_most_is_drawn(paper):
    longer = tuple(replace(point, queries=point.queries * 10) for point in CURVE)
    soft = replace(OF_SUITE, objective="soft-one", critical=False, curve=longer)
    needy = replace(OF_SUITE, objective="needy", curve=longer)
    assert "needy: power" in suite_page(paper, [OF_SUITE, needy, soft]).text


def test_names_of_strangers_stay_names(paper, hostile):
    sheet = suite_page(paper, [replace(OF_SUITE, objective=hostile, notes=(hostile,))], suite=hostile)
    assert "\x1b" not in sheet.text
    assert "\u202e" not in sheet.text
    assert not any(line.lstrip().startswith("✓ PASS") for line in sheet.lines)


# The curve.


def drawn(curve=CURVE, *, width=60, signs=UNICODE, guides=(0.8, 0.9), now=None):
    return [line.plain for line in draw_power(curve, width=width, signs=signs, guides=guides, now=now)]


def test_the_curve_rises_from_the_lower_left_to_the_upper_right():
    lines = drawn(signs=ASCII)
    first = [line[GUTTER:].find("*") for line in lines[:ROWS]]
    assert first[-1] == 0
    assert first == sorted(first, reverse=True)
    assert lines[0].count("*") == pytest.approx((60 - GUTTER - 1) * 100 / 400, abs=3)  # from 300 of 400 on it is 1


@pytest.mark.parametrize("signs", [ASCII, UNICODE])
def test_the_axes_name_the_powers_and_the_golden_queries(signs):
    lines = drawn(signs=signs)
    assert [line[: GUTTER - 2].strip() for line in lines[:ROWS]] == ["100 %", "90 %", "80 %", *[""] * 7, "0 %"]
    assert lines[-1].split() == ["0", "200", "400"]
    assert all(len(line) <= 60 for line in lines)
    assert signs is UNICODE or all(line.isascii() for line in lines)


def test_the_present_golden_set_is_an_upright_line_below_the_curve():
    lines = drawn(now=200, signs=ASCII)
    columns = {line.index("|", GUTTER) for line in lines[:ROWS] if "|" in line[GUTTER:]}
    assert columns == {GUTTER + round(50 * 200 / 400)}
    assert not any("|" in line[GUTTER:] for line in drawn(now=401, signs=ASCII)[:ROWS])


@pytest.mark.parametrize(("power", "row"), [(1.0, 0), (0.9, 1), (0.8, 2), (0.5, 5), (0.0, 10)])
def test_a_row_is_a_tenth(power, row):
    assert row_of(power) == row


def test_an_empty_curve_and_a_page_too_narrow_have_no_drawing():
    assert drawn(()) == []
    assert drawn(width=15) == []


def test_a_curve_of_one_point_is_drawn():
    assert len(drawn((PlannedPower(queries=0, power=0.0),))) == ROWS + 2


# JSON.


def test_the_json_has_every_key_and_null_where_nothing_is_known():
    document = json.loads(plans_to_json([PLAN, UNKNOWN], suite=None))
    assert (document["schema"], document["suite"]) == ("evalslo.plan/1", None)
    plan, unknown = document["plans"]
    assert list(plan) == list(unknown) == [
        "objective", "critical", "shape", "op", "target", "alpha", "powers", "objectives", "power_each", "repeats",
        "unit_queries", "design_effect", "fewest", "present", "truths", "drawn", "curve", "notes",
    ]  # fmt: skip
    assert plan["truths"][0]["sizes"][0] == {
        "power": 0.8, "queries": 234, "queries_from_on": 286, "events": 234, "bad": 6, "reached": 0.8,
    }  # fmt: skip
    assert unknown["truths"][0]["sizes"] == [None, None]
    assert plan["present"] is None
    assert unknown["present"]["power"] is None


def test_the_same_plans_are_the_same_bytes():
    assert plans_to_json([PLAN], suite="s") == plans_to_json([replace(PLAN)], suite="s")
