"""The release policy: what spent budgets, the calendar and silence do to a release, and who may lift it."""

from fractions import Fraction

import pytest

from evalslo.loaders.policy import read_condition
from evalslo.model.alert import Burn
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Override, Tally, TimeSlice
from evalslo.model.policy import FreezePeriod, Policy, PolicyStep
from evalslo.model.window import Window
from evalslo.slo.error_budget import error_budget
from evalslo.slo.policy import decide_release, strictest

NOW = 1_800_000_000
POLICY = Policy(
    steps=(
        PolicyStep(when=read_condition("remaining <= 50%"), then="warn"),
        PolicyStep(when=read_condition("burn >= 3 over 6h"), then="approve", text="ask Mia"),
        PolicyStep(when=read_condition("remaining <= 0%"), then="freeze"),
    ),
    exempt=("security",),
)


def budget(bad: int, *, good: int = 100, critical: bool = True):
    objective = BudgetedObjective(
        id="faithful", text="x", sli="x", target=Fraction(9, 10), window=Window(text="28d", length_s=28 * 86_400),
        critical=critical,
    )  # fmt: skip
    tally = Tally(good=good, bad=bad)
    return error_budget(objective, [TimeSlice(start=NOW - 600, width_s=60, tally=tally)], now=NOW, alpha=0.05)


def override(**changes) -> Override:
    given = {
        "id": "o1", "service": "s", "environment": None, "release": "v1", "reason": "a CVE", "kind": None, "actor": "mia",
        "commit": None, "created_at": "2027-01-15T00:00:00+00:00", "expires_at": "2027-01-16T00:00:00+00:00",
    }  # fmt: skip
    return Override(**given | changes)


def decide(*budgets, policy: Policy = POLICY, burn: str | None = None, overrides=(), release: str | None = "v1"):
    rate = None if burn is None else Fraction(burn)
    pace = Burn(over_s=6 * 3600, n=10, bad=1, rate=rate, lower=None, upper=None)
    return decide_release(
        policy, budgets=budgets, burn_of=lambda _one, _s: pace, overrides=overrides, release=release, now=NOW
    )


def test_the_strictest_step_decides_and_all_are_told():
    assert decide(budget(1)).outcome == "allow"
    assert decide(budget(6)).outcome == "warn"
    assert decide(budget(1), burn="3").outcome == "approve"
    found = decide(budget(20), burn="3")
    assert found.outcome == "freeze"
    assert [one.outcome for one in found.reasons] == ["warn", "approve", "freeze"]
    assert "overspent by 66.7 %" in found.reasons[0].text
    assert found.reasons[1].text.endswith("ask Mia")


def test_the_boundary_is_exact():
    """10 bad of 100 at a target of 90 %: nothing remains, to the last digit."""
    assert decide(budget(10, good=90)).outcome == "freeze"
    assert decide(budget(999, good=9001)).outcome == "warn"


def test_soft_objectives_freeze_nothing():
    assert decide(budget(50, critical=False)).outcome == "allow"


@pytest.mark.parametrize("outcome", ["allow", "warn", "approve", "freeze"])
def test_silence_does_what_the_policy_says(outcome):
    found = decide(budget(0, good=0), policy=Policy(on_no_data=outcome))
    assert found.outcome == outcome
    assert [one.code for one in found.reasons] == ([] if outcome == "allow" else ["no_data"])


def test_nothing_is_released_in_a_freeze():
    policy = Policy(freezes=(FreezePeriod(start=NOW, end=NOW + 60, reason="holidays"),))
    assert decide(budget(0), policy=policy).outcome == "freeze"
    over = Policy(freezes=(FreezePeriod(start=NOW - 60, end=NOW, reason="holidays"),))
    assert decide(budget(0), policy=over).outcome == "allow"


def test_an_override_lets_one_release_out_while_it_lasts():
    found = decide(budget(20), overrides=[override()])
    assert (found.outcome, found.lifted_by) == ("warn", "o1")
    assert "mia" in found.reasons[0].text
    assert "a CVE" in found.reasons[0].text
    assert decide(budget(20), overrides=[override()], release="v2").outcome == "freeze"
    assert decide(budget(20), overrides=[override()], release=None).outcome == "freeze"
    assert decide(budget(20), overrides=[override(expires_at="2027-01-15T07:00:00+00:00")]).outcome == "freeze"
    assert decide(budget(20), overrides=[override(created_at="2027-01-15T09:00:00+00:00")]).outcome == "freeze"


def test_a_kind_of_fix_lifts_what_the_policy_exempts_and_no_calendar():
    assert decide(budget(20), overrides=[override(kind="security")]).outcome == "warn"
    assert decide(budget(20), overrides=[override(kind="reliability")]).outcome == "freeze"
    policy = Policy(freezes=(FreezePeriod(start=NOW, end=NOW + 60, reason="holidays"),), exempt=("security",))
    assert decide(budget(0), policy=policy, overrides=[override(kind="security")]).outcome == "freeze"
    assert decide(budget(0), policy=policy, overrides=[override()]).outcome == "warn"


def test_of_several_sources_the_strictest_counts():
    found = [decide(budget(1)), decide(budget(20)), decide(budget(6))]
    assert strictest(found).outcome == "freeze"
    assert strictest([]) is None
