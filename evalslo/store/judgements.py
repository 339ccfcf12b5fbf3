"""What judges said of a run's answers: `judge.jsonl`, append-only, so that answers are scored again without a call."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evalslo.model.judging import Judgement, Replies
from evalslo.model.sample import Response, Sample
from evalslo.store import codec
from evalslo.store.log import AppendLog, read_log
from evalslo.store.run_folder import RunFolder, hold_run


class Judgements:
    """Judgements by judge and question. Of two of one vote the later counts: a reply that could not be read was asked again.

    `who` says by name whose judgements count: those of other endpoints that had these names before do not. It is what a
    judging scorer takes for `Replies`.
    """

    def __init__(self, kept: Iterable[Judgement] = (), *, who: Mapping[str, str]) -> None:
        self._who = who
        self._votes: dict[tuple[str, str], dict[int, Response]] = {}
        self._times: dict[tuple[str, str, int], int] = {}
        for one in kept:
            self.take(one)

    def take(self, one: Judgement) -> None:
        """Adds one, if it is of a judge that counts."""
        if one.who != self._who.get(one.judge):
            return
        self._votes.setdefault((one.judge, one.key), {})[one.vote] = one.response
        if one.response.error is None:
            place = (one.judge, one.key, one.vote)
            self._times[place] = self._times.get(place, 0) + 1

    def __call__(self, judge: str, key: str) -> tuple[Response, ...]:
        """The votes of a judge on a question, in order; () where it was not asked."""
        votes = self._votes.get((judge, key), {})
        return tuple(votes[vote] for vote in sorted(votes))

    def vote(self, judge: str, key: str, vote: int) -> Response | None:
        """One vote; None where it was not asked for."""
        return self._votes.get((judge, key), {}).get(vote)

    def by_vote(self, number: int) -> Replies:
        """What each judge said when it was asked for vote `number`, as if it had been asked no other time."""

        def said(judge: str, key: str) -> tuple[Response, ...]:
            one = self.vote(judge, key, number)
            return () if one is None else (one,)

        return said

    def replied(self, judge: str, key: str, vote: int) -> int:
        """How often a judge has answered, readably or not, where one vote was asked for."""
        return self._times.get((judge, key, vote), 0)

    def of(self, judge: str) -> Iterator[Response]:
        """All that the judge said, replies that were asked for anew left out."""
        return (said for (name, _), votes in self._votes.items() if name == judge for said in votes.values())

    def models(self, judge: str) -> tuple[str, ...]:
        """The names that the judge's endpoint returned, sorted: more than one where it changed under the run."""
        return tuple(sorted({said.model for said in self.of(judge) if said.model is not None}))


def judge_file(folder: RunFolder) -> Path:
    """Where a run keeps what judges said."""
    return folder.path / "judge.jsonl"


def read_judgements(folder: RunFolder) -> Iterator[Judgement]:
    """The judgements of a run in the order they came; none where nothing was judged. Raises `MeasurementError`."""
    return read_log(judge_file(folder), decode=codec.decode_judgement)


def recorded_replies(path: Path, *, judge: str, votes: int) -> Iterator[Sample]:
    """What `judge` said in a kept `judge.jsonl`, as the scheduler asks for it again: a question's key for the query.

    The repeat is the vote; a reply that nobody could read was asked for once more, and that one comes `votes` later. Raises
    `MeasurementError` where the file is none.
    """
    times = Counter[tuple[str, int]]()
    for one in read_log(path, decode=codec.decode_judgement):
        if one.judge != judge:
            continue
        repeat = one.vote + times[one.key, one.vote] * votes
        times[one.key, one.vote] += 1
        yield Sample(
            query_id=one.key, repeat=repeat, response=one.response, attempts=one.attempts, started_at=one.started_at
        )


@contextmanager
def open_judgements(folder: RunFolder, *, tell: Callable[[str], None]) -> Iterator[Callable[[Judgement], None]]:
    """A function that keeps one judgement; `tell` is told of half a record that is cut off first.

    Raises `MeasurementError` where another process writes to this run, or none can.
    """
    with hold_run(folder), AppendLog(judge_file(folder)) as log:
        if log.cut:
            tell(
                f"{judge_file(folder)} ended in half a record ({log.cut:,} bytes); cut off, and the judge is asked again"
            )
        yield lambda one: log.append(codec.encode_judgement(one))
