"""What several readings of one answer say together: votes of one judge, and judges of one panel."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median_low
from types import MappingProxyType
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.judging import Question, Replies
from evalslo.model.sample import Response
from evalslo.model.score import ClaimVerdict, Evidence
from evalslo.scorers.judge_replies import Grade, UnreadableError

LONGEST_NOTE = 300

_BADNESS: Mapping[ClaimVerdict, int] = MappingProxyType(
    {"not_a_claim": 0, "supported": 0, "unsupported": 1, "contradicted": 2}
)

T = TypeVar("T")


class Heard(Struct, Generic[T], frozen=True, kw_only=True):
    """The readable votes of each judge that gave enough of them; none, where too few judges did, and `note` says why."""

    by_judge: tuple[tuple[T, ...], ...]
    note: str | None = None


def hear(question: Question, replies: Replies, *, judges: Sequence[str], read: Callable[[str], T]) -> Heard[T]:
    """What the judges said to `question`, read by `read`, which raises UnreadableError.

    A judge of whose votes fewer than half can be read has said nothing; a panel of whose judges fewer than half have said
    something, or none, neither.
    """
    by_judge, faults = list[tuple[T, ...]](), list[str]()
    for judge in judges:
        votes, fault = _votes(replies(judge, question.key), read)
        if votes:
            by_judge.append(votes)
        else:
            faults.append(f"{judge}: {fault}")
    if not by_judge or 2 * len(by_judge) < len(judges):
        return Heard(by_judge=(), note="; ".join(faults)[:LONGEST_NOTE])
    return Heard(by_judge=tuple(by_judge))


def elect_table(heard: Heard[list[Evidence]]) -> list[Evidence]:
    """The verdict on each claim: the majority of the judges' own majorities."""
    own = [_elect_all(votes, "votes") for votes in heard.by_judge]
    return _elect_all(own, "judges")


def elect_grade(heard: Heard[Grade]) -> Grade:
    """The mean of the judges' mean grades, with the words of the vote nearest to it."""
    value = fmean(fmean(vote.value for vote in votes) for votes in heard.by_judge)
    return Grade(value=value, reason=_nearest(heard, value))


def elect_yes(heard: Heard[Grade]) -> Grade:
    """Yes where more than half of the judges, each by more than half of its votes, say so."""
    value = float(median_low([median_low([vote.value for vote in votes]) for votes in heard.by_judge]))
    return Grade(value=value, reason=_nearest(heard, value))


def majority(ballots: Sequence[Evidence], unit: str) -> Evidence:
    """The upper median of the verdicts, from the best to the worst: the majority, and of a tie the worse one.

    Its evidence is that of the first that said so, and its reason says how many did, where there is more than one.
    """
    ranked = sorted((ballot.verdict for ballot in ballots), key=_BADNESS.__getitem__)
    verdict = ranked[len(ranked) // 2]
    agreeing = [ballot for ballot in ballots if ballot.verdict == verdict]
    if len(ballots) == 1:
        return agreeing[0]
    return replace(agreeing[0], reason=f"{agreeing[0].reason}; {len(agreeing)} of {len(ballots)} {unit}")


def _elect_all(tables: Sequence[Sequence[Evidence]], unit: str) -> list[Evidence]:
    return [majority(ballots, unit) for ballots in zip(*tables, strict=True)]


def _votes(responses: Sequence[Response], read: Callable[[str], T]) -> tuple[tuple[T, ...], str]:
    """The readable votes, () where they are fewer than half of all; and the first thing that was wrong."""
    readable, faults = list[T](), list[str]()
    for response in responses:
        try:
            readable.append(read(_text(response)))
        except UnreadableError as fault:
            cut = " (cut off at its limit of tokens)" if response.finish_reason == "length" else ""
            faults.append(f"{fault}{cut}")
    enough = bool(readable) and 2 * len(readable) >= len(responses)
    return (tuple(readable) if enough else ()), (faults or ["was not asked"])[0]


def _text(response: Response) -> str:
    if response.answer is not None:
        return response.answer
    error = response.error
    raise UnreadableError("no reply" if error is None else f"its call failed: {error.kind}: {error.message}")


def _nearest(heard: Heard[Grade], value: float) -> str:
    return min((vote for votes in heard.by_judge for vote in votes), key=lambda vote: abs(vote.value - value)).reason
