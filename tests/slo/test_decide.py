"""The run's verdict and its exit code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.model.run import Stop
from evalslo.model.scorecard import Reason, Verdict
from evalslo.slo.decide import EXIT_CODES, confirm, decide
from tests.slo.conftest import row

PASS, FAIL, INCONCLUSIVE, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR

ROWS = {
    "pass": row(PASS, id="pass", p_fail=1.0),
    "open": row(INCONCLUSIVE, id="open", p_fail=0.5),
    "warns": row(INCONCLUSIVE, id="warns", p_fail=0.5, warn=True),
    "fail": row(FAIL, id="fail", p_fail=1e-6),
    "weak": row(FAIL, id="weak", p_fail=0.04),
    "weak warns": row(FAIL, id="weak warns", p_fail=0.04, warn=True),
    "error": row(ERROR, id="error"),
    "error warns": row(ERROR, id="error warns", warn=True),
}


def decided(*rows, unanswered=None, limited=False, interrupted=False, stopped=None):
    return decide(confirm(rows), unanswered=unanswered, limited=limited, interrupted=interrupted, stopped=stopped)


def codes(reasons):
    return [reason.code for reason in reasons]


PLAIN, LIMITED, STOPPED = {}, {"limited": True}, {"interrupted": True}


@pytest.mark.parametrize(
    ("names", "how", "exit_code"),
    [
        (["pass"], PLAIN, 0),
        (["pass", "pass"], PLAIN, 0),
        (["pass", "warns"], PLAIN, 0),
        (["warns"], PLAIN, 0),
        (["pass", "open"], PLAIN, 3),
        (["open", "warns"], PLAIN, 3),
        (["pass", "error"], PLAIN, 4),
        (["pass", "error warns"], PLAIN, 4),
        (["open", "error"], PLAIN, 4),
        (["pass", "fail"], PLAIN, 1),
        (["open", "fail"], PLAIN, 1),
        (["error", "fail"], PLAIN, 1),
        (["open", "error", "fail"], PLAIN, 1),
        (["weak"], PLAIN, 1),
        (["weak", "pass"], PLAIN, 3),
        (["weak", "warns"], PLAIN, 3),
        (["weak warns", "pass"], PLAIN, 3),
        (["weak", "error"], PLAIN, 4),
        (["weak", "fail"], PLAIN, 1),
        (["pass"], LIMITED, 3),
        (["warns"], LIMITED, 3),
        (["open"], LIMITED, 3),
        (["error"], LIMITED, 4),
        (["fail"], LIMITED, 1),
        (["pass"], STOPPED, 4),
        (["open"], STOPPED, 4),
        (["weak", "pass"], STOPPED, 4),
        (["fail"], STOPPED, 1),
        (["fail", "error"], STOPPED | LIMITED, 1),
        (["pass"], STOPPED | LIMITED, 4),
    ],
)
def test_a_miss_comes_before_an_error_before_an_open_question_before_a_pass(names, how, exit_code):
    verdict, code, reasons = decided(*(ROWS[name] for name in names), **how)
    assert code == exit_code
    assert EXIT_CODES[verdict] == exit_code
    assert ("limited" in codes(reasons)) == (bool(how.get("limited")) and exit_code == 3)
    assert ("interrupted" in codes(reasons)) == (bool(how.get("interrupted")) and exit_code == 4)


@pytest.mark.parametrize("names", [["fail"], ["pass"], ["error"], ["fail", "fail"]])
@pytest.mark.parametrize("how", [PLAIN, LIMITED, STOPPED])
def test_an_endpoint_that_answered_nothing_is_an_error_and_never_a_fail(names, how):
    verdict, code, reasons = decided(*(ROWS[name] for name in names), unanswered="5 of 5 calls failed", **how)
    assert (verdict, code, codes(reasons)) == (ERROR, 4, ["no_answer"])


CAP = Stop(code="cost_cap", text="5 of 5 USD are spent; raise it and run again with --resume")


@pytest.mark.parametrize(
    ("names", "unanswered", "exit_code", "told"),
    [
        (["pass"], None, 4, ["cost_cap"]),
        (["open"], None, 4, ["cost_cap"]),
        (["weak", "pass"], None, 4, ["cost_cap", "fail_unconfirmed"]),
        (["fail"], None, 1, []),
        (["error"], "5 of 5 calls failed", 4, ["cost_cap", "no_answer"]),
    ],
)
def test_a_run_that_was_stopped_tells_why_unless_a_miss_was_shown_before(names, unanswered, exit_code, told):
    rows = [ROWS[name] for name in names]
    _, code, reasons = decided(*rows, unanswered=unanswered, interrupted=True, stopped=CAP)
    assert (code, codes(reasons)) == (exit_code, told)
    assert all(reason.text == CAP.text for reason in reasons if reason.code == CAP.code)


@pytest.mark.parametrize("rows", [[], [row(PASS, critical=False)], [row(FAIL, p_fail=0.0, critical=False)]])
def test_without_a_critical_objective_nothing_is_decided(rows):
    verdict, code, reasons = decided(*rows)
    assert (verdict, code, codes(reasons)) == (ERROR, 4, ["no_critical"])


@pytest.mark.parametrize("soft", list(Verdict))
@pytest.mark.parametrize("names", [["pass"], ["open"], ["warns"], ["fail"], ["error"], ["weak"]])
def test_soft_objectives_change_neither_verdict_nor_reasons(names, soft):
    rows = [ROWS[name] for name in names]
    aside = row(soft, id="soft", p_fail=1e-9, critical=False, reasons=[Reason(code="x", text="x", objective="soft")])
    assert decided(*rows, aside) == decided(*rows)


@pytest.mark.parametrize(
    ("p_values", "exit_code", "unconfirmed"),
    [
        ([0.04], 1, []),
        ([0.04, 0.9], 3, ["r0"]),
        ([0.026, 0.9], 3, ["r0"]),
        ([0.024, 0.9], 1, []),
        ([0.024, 0.04], 1, []),
        ([0.04, 0.04], 3, ["r0", "r1"]),
        ([0.016, 0.026, 0.9], 1, ["r1"]),
        ([0.9, 0.017, 0.04], 3, ["r1", "r2"]),
    ],
)
def test_a_miss_counts_where_it_survives_holm_over_the_critical_rows(p_values, exit_code, unconfirmed):
    rows = [row(FAIL if p < 0.05 else PASS, id=f"r{number}", p_fail=p) for number, p in enumerate(p_values)]
    verdict, code, reasons = decided(*rows)
    assert (code, EXIT_CODES[verdict]) == (exit_code, exit_code)
    assert [reason.objective for reason in reasons if reason.code == "fail_unconfirmed"] == unconfirmed


def test_holm_takes_each_row_at_its_own_alpha_and_an_unmeasured_row_into_the_family():
    strict = row(FAIL, id="strict", p_fail=0.004, alpha="0.01")
    assert decided(strict, row(PASS, id="other", p_fail=0.9))[1] == 1
    assert decided(strict, row(PASS, id="b", p_fail=0.9), row(PASS, id="c", p_fail=0.9))[1] == 3
    assert decided(ROWS["weak"], row(ERROR, id="unmeasured"))[1] == 4


def test_a_row_that_shows_no_miss_confirms_none_beside_it():
    open_ = row(INCONCLUSIVE, id="open", p_fail=1e-9, reasons=[Reason(code="unmeasured", text="x", objective="open")])
    assert decided(open_, row(FAIL, id="weak", p_fail=0.04))[1] == 3


def test_an_unconfirmed_miss_is_told_instead_of_the_miss():
    missed = Reason(code="missed", text="the target is missed", objective="weak")
    _, _, reasons = decided(row(FAIL, id="weak", p_fail=0.04, reasons=[missed]), ROWS["pass"])
    assert codes(reasons) == ["fail_unconfirmed"]
    assert "2 critical objectives" in reasons[0].text


def test_a_warning_row_is_let_through_and_says_so():
    open_ = Reason(code="underpowered", text="too few", objective="late")
    noted = Reason(code="uncalibrated", text="never checked", objective="done")
    verdict, code, reasons = decided(
        row(INCONCLUSIVE, id="late", p_fail=0.5, warn=True, reasons=[open_]),
        row(PASS, id="done", p_fail=1.0, reasons=[noted]),
    )
    assert (verdict, code) == (PASS, 0)
    assert [reason.text for reason in reasons] == ["too few (on_inconclusive: warn lets it through)", "never checked"]


@given(
    names=st.lists(st.sampled_from(sorted(ROWS)), max_size=5),
    answered=st.integers(0, 1),
    limited=st.booleans(),
    interrupted=st.booleans(),
)
def test_a_run_passes_only_with_critical_rows_that_all_pass_or_warn(names, answered, limited, interrupted):
    rows = [ROWS[name] for name in names]
    verdict, code, reasons = decided(
        *rows, unanswered=None if answered else "x", limited=limited, interrupted=interrupted
    )
    allowed = bool(names) and answered and not limited and not interrupted and set(names) <= {"pass", "warns"}
    assert (verdict is PASS) == (code == 0) == bool(allowed)
    assert (code == 1) <= ("fail" in names or set(names) <= {"weak", "weak warns"})
    if code == 4 and "error" not in names and "error warns" not in names:
        assert reasons
