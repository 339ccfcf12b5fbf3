"""The rows of a sequential run, latched one by one while independent units come in planned order."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.scorecard import ObjectiveResult, Observation, Verdict
from evalslo.model.suite import Suite
from evalslo.slo.decide import p_of_miss
from evalslo.slo.gate import judge
from evalslo.slo.sequential import Course, advance, begin, crosses, found, p_fail
from evalslo.slo.slices import observations_of, queries_of
from evalslo.stats.holm import survivors

PATIENCE = 1.1  # a verdict that a rule on unmeasured events held back is tried again with a tenth more units
OPEN = ("unmeasured", "coverage", "no_data")


class _Lane(Struct):
    """One objective on its way: its course, what it was made from, and its row once that is latched."""

    objective: Objective
    course: Course | None
    observations: list[Observation] = field(default_factory=list)
    units: int = 0
    try_again_at: int = 0
    row: ObjectiveResult | None = None


class Latches:
    """What a sequential run has decided so far.

    `take` one complete unit after the other, in planned order; what comes after `decided` changes nothing.
    """

    def __init__(
        self, suite: Suite, units: Sequence[Sequence[GoldenQuery]], *, repeats: int, scorers: Mapping[str, str]
    ) -> None:
        self._suite, self._scorers = suite, scorers
        self.horizon = len(units)
        self.units = self.queries = 0
        self._lanes = [_Lane(one, self._begin(one, units, repeats=repeats)) for one in suite.objectives]
        self._critical = [lane for lane in self._lanes if lane.objective.critical]

    def _begin(self, objective: Objective, units: Sequence[Sequence[GoldenQuery]], *, repeats: int) -> Course | None:
        of_slice = [queries_of(objective, unit) for unit in units]
        return begin(objective, of_slice, spec=self._suite.slis[objective.sli.name], repeats=repeats)

    @property
    def decided(self) -> bool:
        """Whether every critical objective has its verdict, and every miss among them is confirmed beside the others."""
        rows = [lane.row for lane in self._critical if lane.row is not None]
        if len(rows) < len(self._critical):
            return False
        return all(row.verdict is not Verdict.FAIL or sure for row, sure in zip(rows, self._confirmed(), strict=True))

    @property
    def missed(self) -> bool:
        """Whether a critical miss is confirmed, whatever the other objectives will come to."""
        shown = any(lane.row is not None and lane.row.verdict is Verdict.FAIL for lane in self._critical)
        return shown and any(self._confirmed())

    def _confirmed(self) -> tuple[bool, ...]:
        """Which critical misses survive Holm's correction, the undecided objectives counting as met."""
        p_values = [1.0 if lane.row is None else p_of_miss(lane.row) for lane in self._critical]
        return survivors(p_values, [lane.objective.alpha for lane in self._critical])

    def take(self, unit: Sequence[GoldenQuery], observations: Mapping[str, Sequence[Observation]]) -> None:
        """Goes on by one unit; `observations` are those of its queries, by the text of the SLI."""
        if self.decided:
            return
        self.units += 1
        self.queries += len(unit)
        for lane in self._lanes:
            observed = observations.get(str(lane.objective.sli), ())
            self._advance(lane, observations_of(lane.objective, observed, queries=unit))

    def rows(self) -> dict[str, ObjectiveResult]:
        """The row of each objective by its id, figures of the whole run left out. At the horizon the last look is taken."""
        last = self.units == self.horizon
        return {
            lane.objective.id: lane.row or self._judge(lane, last=last)
            for lane in self._lanes
            if not self._suite.slis[lane.objective.sli.name].per_run
        }

    def _advance(self, lane: _Lane, observations: Sequence[Observation]) -> None:
        if lane.course is None:
            lane.observations += observations
            return
        if lane.row is not None and lane.row.verdict is not Verdict.FAIL:
            return
        lane.course = advance(lane.course, observations)
        if lane.row is not None:  # a miss that was shown may yet be confirmed; nothing else about it changes
            lane.row = _with_evidence(lane.row, lane.course)
            return
        lane.observations += observations
        lane.units += 1
        if lane.units >= lane.try_again_at and crosses(lane.course):
            self._try_to_latch(lane)

    def _try_to_latch(self, lane: _Lane) -> None:
        row = self._judge(lane, last=False)
        if any(reason.code in OPEN for reason in row.reasons):
            lane.try_again_at = math.ceil(lane.units * PATIENCE)
        else:
            lane.row = replace(row, decided_at=self.queries)

    def _judge(self, lane: _Lane, *, last: bool) -> ObjectiveResult:
        objective = lane.objective
        spec = self._suite.slis[objective.sli.name]
        return judge(
            objective,
            lane.observations,
            spec=spec,
            rules=self._suite.gate,
            scorer=self._scorers.get(objective.sli.name),
            estimator=None
            if lane.course is None
            else partial(found, lane.course, spec=spec, rules=self._suite.gate, last=last),
        )


def _with_evidence(row: ObjectiveResult, course: Course) -> ObjectiveResult:
    found = row.estimate
    return row if found is None else replace(row, estimate=replace(found, p_fail=p_fail(course)))
