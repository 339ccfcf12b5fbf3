"""The events of a run's objectives, counted by minute while the run is gated: what a window is fed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from evalslo.errors import MeasurementError
from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.objective import Objective
from evalslo.model.sample import Sample
from evalslo.model.scorecard import Observation
from evalslo.slo.observe import Event, events_of

MINUTE_S = 60
_GOOD, _BAD, _UNMEASURED, _NOT_APPLICABLE = range(4)


class CountedEvents:
    """Counts events at the minute in which their call began; one that was never called, at `ended` (ISO 8601)."""

    def __init__(self, *, ended: str) -> None:
        self._ended = _minute(ended)
        self._minutes: dict[Event, int] = {}
        self._counts: dict[str, dict[int, list[int]]] = {}

    def take_sample(self, sample: Sample) -> None:
        """Notes when the sample's event was."""
        self._minutes[sample.query_id, sample.repeat] = _minute(sample.started_at)

    def take_objectives(
        self, objectives: Sequence[Objective], observations: Mapping[str, Sequence[Observation]]
    ) -> None:
        """Counts the events of each objective that has events; `observations` are theirs, by the objective's id."""
        for objective in objectives:
            if objective.shape == "event_ratio" and objective.id in observations:
                self._count(objective, observations[objective.id])

    def _count(self, objective: Objective, observations: Sequence[Observation]) -> None:
        minutes = self._counts.setdefault(objective.id, {})
        for one in events_of(objective, observations):
            at = self._minutes.get((one.query_id, one.repeat), self._ended)
            minutes.setdefault(at, [0, 0, 0, 0])[_what(one)] += 1

    def slices_of(self, objective: str) -> tuple[TimeSlice, ...]:
        """The counted minutes of an objective by its id, oldest first; none where it has no events."""
        return tuple(self._slices(self._counts.get(objective, {})))

    @staticmethod
    def _slices(minutes: Mapping[int, Sequence[int]]) -> Iterator[TimeSlice]:
        for start in sorted(minutes):
            good, bad, unmeasured, not_applicable = minutes[start]
            tally = Tally(good=good, bad=bad, unmeasured=unmeasured, not_applicable=not_applicable)
            yield TimeSlice(start=start, width_s=MINUTE_S, tally=tally)


def _what(one: Observation) -> int:
    if one.value is not None:
        return _GOOD if one.value == 1.0 else _BAD
    return _UNMEASURED if one.missing is None or one.missing.applicable else _NOT_APPLICABLE


def _minute(stamp: str) -> int:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        raise MeasurementError(f"{stamp!r} is no time, so its event has no place in a window") from None
    return int(at.timestamp()) // MINUTE_S * MINUTE_S
