"""What a budget counts: events, slices of time that were good, or the mean of their shares."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from msgspec import Struct

from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.window import BudgetRules

MINUTE_S = 60


class Counted(Struct, frozen=True, kw_only=True):
    """`measured` units, `spent` of them bad: events, or slices of time. Exact."""

    measured: Fraction
    spent: Fraction


def total(slices: Iterable[TimeSlice]) -> Tally:
    """All events together."""
    good = bad = unmeasured = not_applicable = 0
    for one in slices:
        good += one.tally.good
        bad += one.tally.bad
        unmeasured += one.tally.unmeasured
        not_applicable += one.tally.not_applicable
    return Tally(good=good, bad=bad, unmeasured=unmeasured, not_applicable=not_applicable)


def counted(slices: Sequence[TimeSlice], *, rules: BudgetRules) -> Counted:
    """What the slices come to by the method of `rules`; slices without a measured event count in none.

    *Source:* OpenSLO specification v1, `budgetingMethod`.
    """
    if rules.method == "occurrences":
        tally = total(slices)
        return Counted(measured=Fraction(tally.good + tally.bad), spent=Fraction(tally.bad))
    shares = bad_shares(slices, rules=rules)
    if rules.method == "ratio-timeslices":
        return Counted(measured=Fraction(len(shares)), spent=sum(shares, Fraction(0)))
    bad = sum(is_bad(share, rules=rules) for share in shares)
    return Counted(measured=Fraction(len(shares)), spent=Fraction(bad))


def bad_shares(slices: Iterable[TimeSlice], *, rules: BudgetRules) -> list[Fraction]:
    """The bad share of each slice of the rules' length that has a measured event, oldest first.

    Slices begin at multiples of their length since 1970.
    """
    length = rules.slice_s or MINUTE_S
    groups: dict[int, list[TimeSlice]] = {}
    for one in slices:
        groups.setdefault(one.start // length, []).append(one)
    tallies = [total(groups[start]) for start in sorted(groups)]
    return [Fraction(one.bad, one.good + one.bad) for one in tallies if one.good + one.bad]


def is_bad(share: Fraction, *, rules: BudgetRules) -> bool:
    """Whether a slice with a bad share is a bad slice."""
    return rules.slice_target is not None and 1 - share < rules.slice_target
