"""What the objectives look like while the run goes on: for the eye only, and nothing of it touches a verdict.

Looking often and stopping where one likes is what the gate's methods guard against; these intervals guard against nothing.
They rest on what there was time to score between two looks, in the order that answers came in: quick answers first.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

from evalslo.harness.score import ScoreSample
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.run import Provisional
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import SliSpec
from evalslo.model.suite import Suite
from evalslo.slo.applies import silent_on
from evalslo.slo.observe import goodness, worst_value
from evalslo.slo.orient import of_target
from evalslo.slo.slices import value_of

WORK_S = 0.002  # of each look: no call in flight can be stamped meanwhile
MOST_QUEUED = 200
MOST_LETTERS = 4_000_000  # in all that is queued
LONGEST = 100_000  # letters of one sample; scoring a longer one would hold up the calls in flight
MOST_QUERIES = 20_000  # whose repeats are told apart
FEWEST = 2


class Glimpse:
    """The objectives of a running suite so far. `take` each sample, and ask for `now` as often as one likes.

    `score` gives the scores of one sample; where it raises, the sample is passed over. `clock` gives seconds.
    """

    def __init__(
        self,
        suite: Suite,
        queries: Sequence[GoldenQuery],
        *,
        score: ScoreSample,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._score, self._clock = score, clock
        self._by_id = {query.id: query for query in queries}
        self._units = max(_units(queries), 1)
        self._icc = 0.0 if suite.gate.population == "finite" else float(suite.gate.icc_floor)
        specs = [(one, suite.slis[one.sli.name]) for one in suite.objectives]
        self._rows = [_Row(one, spec) for one, spec in specs if not spec.per_run]
        self._queue: deque[tuple[Sample, int]] = deque()
        self._letters = self._looked = 0
        self._credit_s = 0.0
        self._last: tuple[Provisional, ...] = ()

    def take(self, sample: Sample) -> None:
        """Queues a sample; passes it over where it is long, or the queue is."""
        letters = _letters(sample)
        full = len(self._queue) >= MOST_QUEUED or self._letters + letters > MOST_LETTERS
        if letters <= LONGEST and not full:
            self._queue.append((sample, letters))
            self._letters += letters

    def now(self) -> tuple[Provisional, ...]:
        """Each objective with two measured events or more, in the suite's order, after 2 ms of scoring.

        What the last sample took beyond that is made up for by the next looks.
        """
        if not self._queue:
            return self._last
        self._credit_s = min(self._credit_s, 0.0) + WORK_S
        while self._queue and self._credit_s > 0.0:
            began = self._clock()
            self._look(*self._queue.popleft())
            self._credit_s -= self._clock() - began
        effect = 1.0 + (max(self._looked / self._units, 1.0) - 1.0) * self._icc
        self._last = tuple(one for row in self._rows if (one := row.provisional(effect=effect)) is not None)
        return self._last

    def _look(self, sample: Sample, letters: int) -> None:
        self._letters -= letters
        query = self._by_id.get(sample.query_id)
        if query is None:
            return
        try:
            scores = {score.sli: score for score in self._score(query, sample)}
        except Exception:  # a scorer is an extension: what it raises is told when the run is scored
            return
        self._looked += 1
        for row in self._rows:
            row.add(query, scores)


class _Row:
    """One objective's sums so far."""

    def __init__(self, objective: Objective, spec: SliSpec) -> None:
        self._objective, self._spec, self._sli = objective, spec, str(objective.sli)
        self._is_good = goodness(objective)
        self._z = NormalDist().inv_cdf(float(1 - objective.alpha))
        self._of_queries = objective.event is not None and objective.event.of == "queries"
        self._good: dict[str, bool] = {}
        self._n = 0
        self._weight = self._squared_weight = self._sum = self._sum_of_squares = 0.0

    def add(self, query: GoldenQuery, scores: Mapping[str, Score]) -> None:
        """Counts one sample, where it is an event of the objective and was measured."""
        part, score = self._objective.slice, scores.get(self._sli)
        if score is None or (part is not None and value_of(query, part.tag) != part.value):
            return
        event = self._event(query, score)
        if event is None:
            return
        weight = 1.0 if query.weight is None else query.weight
        if self._of_queries:
            self._count_query(query.id, is_good=event == 1.0, weight=weight)
        else:
            self._count(event, weight)

    def _event(self, query: GoldenQuery, score: Score) -> float | None:
        """What a score counts as, as in `slo.observe`: 1 or 0 in an event ratio, a finite value in a mean; None: nothing."""
        value = score.value
        if value is None:
            asked = score.reason is Missing.CALL_ERROR and self._spec.on_error == "bad"
            if not asked or silent_on(query, sli=self._objective.sli, spec=self._spec) is not None:
                return None
            value = worst_value(self._spec)
        if self._objective.shape == "event_ratio":
            return float(self._is_good(value))
        return value if math.isfinite(value) else None

    def _count(self, event: float, weight: float) -> None:
        self._n += 1
        self._weight += weight
        self._squared_weight += weight * weight
        self._sum += weight * event
        self._sum_of_squares += weight * event * event

    def _count_query(self, query_id: str, *, is_good: bool, weight: float) -> None:
        """One event of all repeats of a query: bad from its first bad repeat on, good until then."""
        before = self._good.get(query_id)
        if before is None:
            if len(self._good) < MOST_QUERIES:
                self._good[query_id] = is_good
                self._count(float(is_good), weight)
        elif before and not is_good:
            self._good[query_id] = False
            self._sum -= weight
            self._sum_of_squares -= weight

    def provisional(self, *, effect: float) -> Provisional | None:
        """The estimate and its interval where `effect` events are worth one independent event; None below two events."""
        if self._n < FEWEST:
            return None
        mean = self._sum / self._weight
        n = self._weight**2 / self._squared_weight / (1.0 if self._of_queries else effect)
        if self._objective.shape == "event_ratio":
            mean = min(max(mean, 0.0), 1.0)  # sums of weights round
            ends = _wilson(mean, n, z=self._z)
        else:
            variance = max(self._sum_of_squares / self._weight - mean * mean, 0.0)
            half = self._z * math.sqrt(variance / max(n - 1.0, 1.0))
            ends = max(mean - half, 0.0), mean + half if self._objective.unit else min(mean + half, 1.0)
        lower, upper = sorted(of_target(self._objective, end) for end in ends)
        return Provisional(
            objective=self._objective.id,
            estimate=of_target(self._objective, mean),
            lower=lower,
            upper=upper,
            n=self._n,
        )


def _wilson(share: float, n: float, *, z: float) -> tuple[float, float]:
    """Wilson's score interval; `stats.proportions` has the one for verdicts, and needs SciPy, which is slow to load."""
    scale = 1.0 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n))
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)  # rounding never puts it outside


def _units(queries: Sequence[GoldenQuery]) -> int:
    """How many independent units there are: the groups, and the queries without one."""
    groups = {query.group for query in queries}
    return len(groups - {None}) + sum(query.group is None for query in queries)


def _letters(sample: Sample) -> int:
    """How much text a sample holds on to."""
    response = sample.response
    return len(response.answer or "") + sum(len(context.text) for context in response.contexts or ())
