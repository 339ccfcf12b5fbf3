"""Pairs: what a baseline and a candidate did with the same planned event, higher better.

Where one call failed, the two answers were not of the same opportunity: a failure of the baseline alone counts as no
difference (else a flaky baseline flatters the candidate), one of the candidate alone as the worst there is. What a baseline
whose call failed would have answered nobody knows: such a pair is unmeasured, and a verdict asks what it could have been.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Counts, Observation
from evalslo.model.sli import SliSpec
from evalslo.slo.estimate import counts_of, mean_of
from evalslo.slo.observe import events_of, is_good
from evalslo.slo.orient import better_high

Key = tuple[str, int]

IS_A_FAILURE = "errors"  # of this SLI a failed call is the measurement itself


class Pair(Struct, frozen=True, kw_only=True):
    """One planned event in both runs. `baseline`, `candidate` and `difference` are None where one of them has no value.

    `least` and `most` are the differences that it could have been: with what is not known, or failed in one run only, at its
    worst and at its best for the candidate. `missing` says why it is unmeasured; a failed call of the baseline is, although
    it has its worst value.
    """

    query_id: str
    cluster: str
    weight: float
    least: float
    most: float
    baseline: float | None = None
    candidate: float | None = None
    difference: float | None = None
    missing: Missing | None = None

    @property
    def applicable(self) -> bool:
        """Whether there is anything to compare, measured or not."""
        return self.missing is None or self.missing.applicable

    @property
    def open(self) -> bool:
        """Whether it could have been more than one difference."""
        return self.applicable and self.least < self.most


class PairedQuery(Struct, frozen=True, kw_only=True):
    """The means over the pairs of one golden query."""

    query_id: str
    cluster: str
    weight: float
    pairs: int
    baseline: float
    candidate: float
    difference: float


class SupposedQuery(Struct, frozen=True, kw_only=True):
    """The mean difference of one golden query, were its pairs what somebody supposes."""

    cluster: str
    weight: float
    difference: float


def pairs_of(
    objective: Objective, baseline: Sequence[Observation], candidate: Sequence[Observation], *, spec: SliSpec
) -> tuple[tuple[Pair, ...], int]:
    """The pairs of events that both runs planned, in the candidate's order, and how many events have no partner.

    `least` and `most` are those of values in [0, 1].
    """
    first, second = _events(objective, baseline), _events(objective, candidate)
    failed_b, failed_c = failures(objective, baseline, spec=spec), failures(objective, candidate, spec=spec)
    pairs = tuple(
        _pair(first[key], after, failed=(key in failed_b, key in failed_c))
        for key, after in second.items()
        if key in first
    )
    return pairs, len(first) + len(second) - 2 * len(pairs)


def _events(objective: Objective, observations: Sequence[Observation]) -> dict[Key, Observation]:
    """The events by query and repeat, their values higher better."""
    return {
        _key(objective, one): one if one.value is None else replace(one, value=better_high(objective, one.value))
        for one in events_of(objective, observations)
    }


def _key(objective: Objective, one: Observation) -> Key:
    per_query = objective.event is not None and objective.event.of == "queries"
    return one.query_id, 0 if per_query else one.repeat


def failures(objective: Objective, observations: Sequence[Observation], *, spec: SliSpec) -> frozenset[Key]:
    """The events that are bad because calls failed, and for no other reason."""
    if spec.name == IS_A_FAILURE:
        return frozenset()
    failed = {_key(objective, one) for one in observations if one.failed}
    return frozenset(failed - {_key(objective, one) for one in observations if _bad_answer(objective, one)})


def _bad_answer(objective: Objective, one: Observation) -> bool:
    """Whether an answer came, and is a bad event."""
    measured = one.value is not None and not one.failed and objective.shape == "event_ratio"
    return measured and one.value is not None and not is_good(objective, one.value)


def _pair(before: Observation, after: Observation, *, failed: tuple[bool, bool]) -> Pair:
    b, c = before.value, after.value
    if b is None or c is None:
        known_b, known_c = b if b is not None and not failed[0] else None, c
        return Pair(
            query_id=after.query_id,
            cluster=after.cluster,
            weight=after.weight,
            least=(0.0 if known_c is None else known_c) - (1.0 if known_b is None else known_b),
            most=(1.0 if known_c is None else known_c) - (0.0 if known_b is None else known_b),
            missing=_why(before.missing, after.missing),
        )
    difference = c - b if failed[0] == failed[1] else 0.0 if failed[0] else -1.0
    return Pair(
        query_id=after.query_id,
        cluster=after.cluster,
        weight=after.weight,
        least=c - 1.0 if failed[0] else difference,  # as if the baseline had been right
        most=c - b,
        baseline=b,
        candidate=c,
        difference=difference,
        missing=Missing.CALL_ERROR if failed[0] else None,
    )


def _why(*found: Missing | None) -> Missing:
    """The reason that settles it: nothing to know in either run comes first."""
    reasons = [reason for reason in found if reason is not None]
    return next((reason for reason in reasons if not reason.applicable), reasons[-1])


def by_query(pairs: Sequence[Pair]) -> tuple[PairedQuery, ...]:
    """The golden queries with at least one pair that has a difference."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.difference is not None:
            found.setdefault(pair.query_id, []).append(pair)
    return tuple(
        PairedQuery(
            query_id=query_id,
            cluster=measured[0].cluster,
            weight=measured[0].weight,
            pairs=len(measured),
            baseline=mean_of([one.baseline for one in measured if one.baseline is not None]),
            candidate=mean_of([one.candidate for one in measured if one.candidate is not None]),
            difference=mean_of([one.difference for one in measured if one.difference is not None]),
        )
        for query_id, measured in found.items()
    )


def count(pairs: Sequence[Pair]) -> Counts:
    """How the planned pairs divide; they always add up."""
    return counts_of([pair.missing for pair in pairs])


def mean_difference(pairs: Sequence[Pair], of: Callable[[Pair], float]) -> float:
    """The mean difference over golden queries with every applicable pair at its `of`, its least or its most."""
    queries = supposed(pairs, of)
    return mean_of([one.difference for one in queries], [one.weight for one in queries])


def supposed(pairs: Sequence[Pair], of: Callable[[Pair], float]) -> tuple[SupposedQuery, ...]:
    """The golden queries with at least one applicable pair, with every such pair at its `of`."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.applicable:
            found.setdefault(pair.query_id, []).append(pair)
    return tuple(
        SupposedQuery(cluster=own[0].cluster, weight=own[0].weight, difference=mean_of(list(map(of, own))))
        for own in found.values()
    )
