"""Following a sequential run: samples in the order they come in, units to its latches in the order they were planned."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from evalslo.harness.latches import Latches
from evalslo.harness.plan import shuffled_units
from evalslo.model.golden import GoldenQuery
from evalslo.model.run import Manifest
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.suite import Suite
from evalslo.slo.observe import observe
from evalslo.slo.observer import Observer

ScoreUnit = Callable[[Sequence[GoldenQuery], Sequence[Sample]], Iterable[Score]]


class Follower:
    """A sequential run on its way: `take` its samples in any order; `latches` has gone on by each unit that was next.

    `score` gives the scores of one complete unit.
    """

    def __init__(self, suite: Suite, queries: Sequence[GoldenQuery], manifest: Manifest, *, score: ScoreUnit) -> None:
        self._repeats, self._score = manifest.repeats, score
        self._slis = {one.sli: suite.slis[one.sli.name] for one in suite.objectives}
        self._units = shuffled_units(queries, seed=manifest.order_seed)
        self._unit_of = {query.id: number for number, unit in enumerate(self._units) for query in unit}
        self._came: list[dict[tuple[str, int], Sample]] = [{} for _ in self._units]
        self.latches = Latches(suite, self._units, repeats=self._repeats, scorers=manifest.fingerprint.scorers)

    def take(self, sample: Sample) -> None:
        """Goes on by every unit that is complete now, and next in the planned order."""
        number = self._unit_of.get(sample.query_id)
        if number is None or number < self.latches.units or sample.repeat >= self._repeats:
            return
        self._came[number].setdefault((sample.query_id, sample.repeat), sample)
        while self.latches.units < self.latches.horizon and not self.latches.decided:
            unit, came = self._units[self.latches.units], self._came[self.latches.units]
            if len(came) < len(unit) * self._repeats:
                return
            scores = self._score(unit, list(came.values()))
            self.latches.take(unit, observe(unit, scores, repeats=self._repeats, slis=self._slis))
            came.clear()

    @property
    def asked(self) -> list[GoldenQuery]:
        """The golden queries that the verdicts rest on, in planned order."""
        return [query for unit in self._units[: self.latches.units] for query in unit]


class Followed(Struct, frozen=True, kw_only=True):
    """A kept sequential run, followed to its end: its latches, and the golden queries that its verdicts rest on, in order."""

    latches: Latches
    asked: tuple[GoldenQuery, ...]


def replay(
    suite: Suite,
    manifest: Manifest,
    *,
    queries: Sequence[GoldenQuery],
    observer: Observer,
    collected: Callable[[str, int], bool],
) -> Followed:
    """A kept sequential run, followed again through its observations; `collected` says whether an event has a sample."""
    units = shuffled_units(queries, seed=manifest.order_seed)
    latches = Latches(suite, units, repeats=manifest.repeats, scorers=manifest.fingerprint.scorers)
    for unit in units:
        whole = all(collected(query.id, repeat) for query in unit for repeat in range(manifest.repeats))
        if latches.decided or not whole:
            break
        latches.take(unit, observer.observed_of(unit))
    return Followed(latches=latches, asked=tuple(query for unit in units[: latches.units] for query in unit))
