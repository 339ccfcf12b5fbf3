"""What a run's samples and scores come to, folded while they pass by: no sample is held."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from evalslo.model.judging import Judgement
from evalslo.model.sample import Response, Sample, Timing, Usage
from evalslo.model.scorecard import UsageTotals

MOST_FAILURES = 3
_NOTHING_SPENT = Usage(prompt_tokens=0, completion_tokens=0)

Number = TypeVar("Number", int, float)


class FailedScorer(Struct, frozen=True, kw_only=True):
    """What the scorer of one SLI said when it failed, and how often it said that."""

    sli: str
    note: str
    times: int


class Totals(Struct, frozen=True, kw_only=True):
    """All that a scorecard says of samples beside what they are worth.

    `errors` counts failed calls by class, the most frequent first; `error_examples` has what the first of each class said.
    `live`: no answer was recorded or cached. `unanswered` says why no call brought an answer; None where one did.
    `failed_scorers` has the three most frequent. `repeating` counts answers whose contexts name a document more than once.
    """

    samples: int
    answered: int
    live: bool
    usage: UsageTotals
    timings: tuple[Timing, ...]
    errors: Mapping[str, int]
    error_examples: Mapping[str, str]
    unanswered: str | None
    failed_scorers: tuple[FailedScorer, ...]
    repeating: int = 0


class _Sum(Generic[Number]):
    """A sum that is unknown where any part is, or there is none: a part of the cost is not the cost."""

    def __init__(self, nothing: Number) -> None:
        self._sum: Number = nothing
        self._known: bool | None = None

    def add(self, part: Number | None) -> None:
        if part is None:
            self._known = False
        else:
            self._known = self._known is not False
            self._sum += part

    @property
    def total(self) -> Number | None:
        return self._sum if self._known else None


class RunningTotals:
    """Totals on their way: `take` each sample, in planned order, and `note` what its failed scorers said.

    `judge` is what judges spent; None: none was asked.
    """

    def __init__(self, *, judge: UsageTotals | None = None) -> None:
        self._judge = judge
        self._samples = self._answered = self._cached = self._calls = self._retries = self._repeating = 0
        self._prompt, self._completion, self._cost = _Sum(0), _Sum(0), _Sum(0.0)
        self._timings: set[Timing] = set()
        self._errors: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._said: Counter[str] = Counter()
        self._failed_scorers: Counter[tuple[str, str]] = Counter()

    def take(self, sample: Sample) -> None:
        """Adds one sample."""
        response = sample.response
        self._samples += 1
        self._timings.add(response.timing)
        if response.timing == "cached":
            self._cached += 1
        else:
            self._calls += sample.attempts
            self._retries += sample.attempts - 1
        if response.error is None:
            self._answered += 1
            self._said.clear()
            self._spend(response)
            self._repeating += _repeats(response)
            return
        kind = response.error.kind.value
        self._errors[kind] += 1
        self._examples.setdefault(kind, response.error.message)
        if not self._answered:  # what failures said is asked for only where nothing else came
            self._said[response.error.message] += 1

    def _spend(self, response: Response) -> None:
        """What this answer cost the run: one from the cache, nothing, whatever it had cost when it was made."""
        cached = response.timing == "cached"
        usage = _NOTHING_SPENT if cached else response.usage or Usage()
        self._prompt.add(usage.prompt_tokens)
        self._completion.add(usage.completion_tokens)
        self._cost.add(0.0 if cached else response.cost_usd)

    def note(self, sli: str, note: str) -> None:
        """Adds what the scorer of one SLI said when it failed."""
        self._failed_scorers[sli, note] += 1

    def totals(self) -> Totals:
        """The totals of what was taken."""
        return Totals(
            samples=self._samples,
            answered=self._answered,
            live=self._timings <= {"live"},
            usage=UsageTotals(
                calls=self._calls,
                retries=self._retries,
                prompt_tokens=self._prompt.total,
                completion_tokens=self._completion.total,
                cost_usd=self._cost.total,
                cached=self._cached,
                judge=self._judge,
            ),
            timings=tuple(sorted(self._timings)),
            errors=dict(sorted(self._errors.items(), key=lambda item: (-item[1], item[0]))),
            error_examples=dict(self._examples),
            unanswered=None if self._answered else self._most_frequent(),
            failed_scorers=tuple(
                FailedScorer(sli=sli, note=note, times=times)
                for (sli, note), times in self._failed_scorers.most_common(MOST_FAILURES)
            ),
            repeating=self._repeating,
        )

    def _most_frequent(self) -> str:
        """Why no call brought an answer, in the words of the most frequent failure."""
        if not self._said:
            return "no call was made"
        message, times = self._said.most_common(1)[0]
        return f"{times} of {self._said.total()} calls failed with: {message}"


def _repeats(response: Response) -> bool:
    contexts = response.contexts or ()
    return len({context.id for context in contexts}) < len(contexts)


def spent_by_judges(judgements: Iterable[Judgement]) -> UsageTotals:
    """What all replies took together, those that had to be asked for anew included; a failed call is a call."""
    totals = RunningTotals()
    for one in judgements:
        sample = Sample(
            query_id=one.key, repeat=one.vote, response=one.response, attempts=one.attempts, started_at=one.started_at
        )
        totals.take(sample)
    return totals.totals().usage
