"""How the service answered: time, tokens, cost, errors."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec, Unit
from evalslo.scorers.outcome import Outcome, to_score


def latency(response: Response) -> Outcome:
    """Seconds from the request's first byte to the last byte read; a cached answer has no timing."""
    if response.timing == "cached" or response.latency_s is None:
        return Missing.NO_TIMING
    return response.latency_s


def ttft(response: Response) -> Outcome:
    """Seconds to the first token; none without a stream."""
    if response.timing == "cached" or response.ttft_s is None:
        return Missing.NO_TIMING
    return response.ttft_s


def inter_token(response: Response) -> Outcome:
    """Mean of the seconds between deltas; an answer of one delta has no gap."""
    if response.timing == "cached" or response.ttft_s is None:
        return Missing.NO_TIMING
    return fmean(response.gaps_s) if response.gaps_s else Missing.SHORT_ANSWER


def errors(_response: Response) -> Outcome:
    """0: a scorer only ever sees answers. What a failed call counts as is `on_error`'s to say."""
    return 0.0


def tokens(response: Response) -> Outcome:
    """Completion tokens as the endpoint counted them."""
    # a cached answer keeps what it took when it was made: that is a property of the answer, and what the run spent is not
    if response.usage is None or response.usage.completion_tokens is None:
        return Missing.NO_USAGE
    return float(response.usage.completion_tokens)


def cost(response: Response) -> Outcome:
    """US dollars, of a cached answer what it cost when it was made; an unknown price is unknown and not 0."""
    return Missing.NO_PRICE if response.cost_usd is None else response.cost_usd


_MEASURES: Mapping[str, Callable[[Response], Outcome]] = {
    "latency": latency,
    "ttft": ttft,
    "inter_token": inter_token,
    "errors": errors,
    "tokens": tokens,
    "cost": cost,
}


def _time(name: str, what: str) -> SliSpec:
    return SliSpec(name=name, what=what, kind="quantity", better="lower", unit="s")


def _spent(name: str, what: str, *, unit: Unit, better: Literal["lower"] | None) -> SliSpec:
    # what a failed call spent is not known; it is `errors` that counts it
    return SliSpec(name=name, what=what, kind="quantity", better=better, unit=unit, on_error="unmeasured")


class Service(Struct, frozen=True):
    """Service SLIs, read off the response. `throughput` is a figure of the whole run: declared here, measured by the run."""

    name: str = "service"
    version: str = "1"
    slis: tuple[SliSpec, ...] = (
        _time("latency", "seconds from the first byte written to the last byte read"),
        _time("ttft", "seconds to the first non-empty content, reasoning or tool delta"),
        _time("inter_token", "mean seconds between deltas"),
        SliSpec(name="errors", what="the call ended without a usable answer", kind="rate", better="lower"),
        _spent("tokens", "completion tokens, as the endpoint counted them", unit="tokens", better=None),
        _spent("cost", "US dollars a request", unit="usd", better="lower"),
        SliSpec(
            name="throughput",
            what="answers a second over the whole run",
            kind="quantity",
            better="higher",
            on_error="unmeasured",
            unit="/s",
            per_run=True,
        ),
    )

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`; never asked for `throughput`."""
        scorer = f"{self.name}/{self.version}"
        return [to_score(_MEASURES[sli.name](sample.response), sample, sli=sli, scorer=scorer) for sli in slis]
