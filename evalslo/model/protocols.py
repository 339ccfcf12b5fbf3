"""What an endpoint and a scorer must be able to do; nobody has to subclass."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from evalslo.model.golden import GoldenQuery
from evalslo.model.judging import Question, Replies
from evalslo.model.sample import Request, Response, Sample
from evalslo.model.score import Score
from evalslo.model.sli import Sli, SliSpec


class Endpoint(Protocol):
    """One query in, one response out, timed. The model under test and a judge are the same protocol."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Whatever of it can change an answer, without a secret in it."""

    @property
    def quota(self) -> str:
        """Whose limits its calls count against (a host and a digest of the key): endpoints of one quota share a limiter.

        For memory only: never shown, never kept.
        """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def call(self, request: Request) -> Response:
        """The response to `request`; a failed call is a response with an error, never an exception. One attempt."""


class Scorer(Protocol):
    """One sample in, one score per wanted SLI out. Pure: no clock, no network, no memory of other samples."""

    @property
    def name(self) -> str:
        """Its name in suites and reports: `overlap`."""

    @property
    def version(self) -> str:
        """Changes whenever the same sample could get another score."""

    @property
    def slis(self) -> Sequence[SliSpec]:
        """The SLIs that it can measure."""

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> Sequence[Score]:
        """One score for each of `slis`, in that order. Never asked about a failed call: `sample` has an answer."""


class JudgingScorer(Scorer, Protocol):
    """A scorer that rests on what judges reply: what to ask is as pure as what to make of the replies."""

    def questions(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> Sequence[Question]:
        """What judges have to be asked before `sample` can be scored on `slis`; () where nothing has to be."""

    def hearing(self, replies: Replies) -> "JudgingScorer":
        """The same scorer, with other replies to its questions."""

    def fault_of(self, question: Question, reply: str) -> str | None:
        """Why a reply to one of its questions cannot be read, in words; None where it can."""
