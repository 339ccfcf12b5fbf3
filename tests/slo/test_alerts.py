"""Alerts: they fire on evidence, end without flapping, and never take silence for health."""

from fractions import Fraction

import numpy as np
import pytest
from msgspec.structs import replace

from evalslo.model.alert import AlertRules
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.window import Window
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.alerts import alerts, looked_back_s
from evalslo.slo.burn_rate import detection_s, thresholds

HOUR, DAY = 3600, 86_400
NOW = 1_800_000_000 // DAY * DAY
WORKBOOK = AlertRules(preset="sre-workbook", pairs=PRESETS["sre-workbook"])


def objective(target: str) -> BudgetedObjective:
    return BudgetedObjective(
        id="x", text="x", sli="x", target=Fraction(target), window=Window(text="30d", length_s=30 * DAY)
    )


def probe(hours_ago: int, good: int, bad: int) -> TimeSlice:
    return TimeSlice(start=NOW - hours_ago * HOUR + 60, width_s=60, tally=Tally(good=good, bad=bad))


def quick_page(target: str, *slices: TimeSlice, rules: AlertRules = WORKBOOK, now: int = NOW):
    return alerts(objective(target), rules, slices, now=now, alpha=0.05)[0]


def test_one_bad_event_is_suspected_and_wakes_nobody():
    found = quick_page(".99", probe(1, 0, 1))
    assert (found.state, found.long.n, found.long.rate) == ("suspected", 1, 100)


def test_many_bad_events_page():
    found = quick_page(".99", probe(1, 50, 50))
    assert found.state == "firing"
    assert found.long.lower > found.threshold.factor


def test_good_events_are_quiet():
    assert {one.state for one in alerts(objective(".99"), WORKBOOK, [probe(1, 100, 0)], now=NOW, alpha=0.05)} == {"ok"}


def test_a_burn_exactly_at_the_factor_counts_as_reached():
    found = quick_page(".999", probe(1, 985_600, 14_400))
    assert found.long.rate == found.threshold.factor == Fraction("14.4")
    assert found.state == "suspected"


def test_silence_is_an_alert_of_its_own_and_never_an_end():
    hold = replace(WORKBOOK, on_no_data="hold")
    assert quick_page(".99").state == "no_data"
    assert (quick_page(".99", rules=hold).state, quick_page(".99", rules=hold).held) == ("ok", True)
    fired = [probe(4, 50, 50)]
    for rules in (WORKBOOK, hold):
        found = quick_page(".99", *fired, rules=rules)
        assert (found.state, found.held) == ("firing", True)


def test_it_ends_when_the_short_window_has_been_quiet_twice():
    course = [probe(5, 50, 50), probe(4, 100, 0), probe(3, 100, 0), probe(2, 100, 0), probe(1, 100, 0)]
    states = [quick_page(".99", *course, now=NOW - ago * HOUR + 120).state for ago in (5, 4, 3, 2, 1)]
    assert states[0] == "firing"
    assert states[-1] == "ok"
    assert "".join(state[0] for state in states) in ("ffooo", "fffoo")


def test_a_state_has_a_beginning():
    found = quick_page(".99", *[probe(ago, 50, 50) for ago in (5, 4, 3, 2, 1)])
    assert NOW - 5 * HOUR <= found.since <= NOW - 4 * HOUR


def test_probes_that_are_rarer_than_the_short_window_are_seen():
    """The quick page looks at five minutes; a probe of forty minutes ago is in none of them."""
    found = quick_page(".99", TimeSlice(start=NOW - 2400, width_s=60, tally=Tally(good=50, bad=50)))
    assert found.state == "firing"
    assert found.short.n == 100


def test_a_year_of_good_probes_pages_nobody_and_an_incident_is_found_in_time():
    """Hourly probes of 200 queries at a target of 95 % that are 97 % good, and an incident of 60 % bad for ten hours."""
    chance, target = np.random.default_rng(7), Fraction(19, 20)
    hours = 365 * 24
    bad = chance.binomial(200, 0.03, size=hours)
    begins = hours - 12
    bad[begins : begins + 10] = chance.binomial(200, 0.6, size=10)
    year = [probe(hours - n, 200 - int(bad[n]), int(bad[n])) for n in range(hours)]
    since, states = looked_back_s(objective(".95"), WORKBOOK), []
    for n in range(0, begins, 24):
        at = NOW - (hours - n) * HOUR
        seen = [one for one in year[max(0, n - since // HOUR) : n] if one.start < at]
        states += [one.state for one in alerts(objective(".95"), WORKBOOK, seen, now=at, alpha=0.05) if seen]
    assert states.count("firing") == 0
    slow = thresholds(objective(".95"), WORKBOOK)[1]
    wanted = detection_s(slow, target=target, bad_share=Fraction(6, 10))
    found_at = next(
        NOW - (hours - n) * HOUR
        for n in range(begins, hours + 1)
        if alerts(objective(".95"), WORKBOOK, year[n - 400 : n], now=NOW - (hours - n) * HOUR, alpha=0.05)[1].state
        == "firing"
    )
    began = NOW - (hours - begins) * HOUR
    assert found_at - began <= wanted + 2 * HOUR  # a probe an hour, looked at every hour


@pytest.mark.parametrize("seed", range(3))
def test_going_through_it_again_says_the_same(seed):
    chance = np.random.default_rng(seed)
    course = [
        probe(ago, int(g), int(b))
        for ago, g, b in zip(range(100, 0, -1), *chance.integers(0, 40, (2, 100)), strict=True)
    ]
    assert quick_page(".9", *course) == quick_page(".9", *course)
