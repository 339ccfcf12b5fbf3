"""Which answers people shall label: drawn at random, in random order, without a word of what the scorer said."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

from evalslo.errors import UsageError
from evalslo.harness.answers import AnswerSeen, Key
from evalslo.harness.rescore import ScoredRun
from evalslo.model.calibration import RowToLabel, Sampled

Stratify = Literal["verdict", "none"]


def rows_to_label(run: ScoredRun, *, count: int, stratify: Stratify | None, seed: int) -> Iterator[RowToLabel]:
    """`count` of the run's scored answers, or all where there are fewer.

    By verdict: as many of each verdict as there are, up to half of `count`, the rest of the other. None: by verdict where the
    labels of such a sample can correct (a rate with one answer a query and no groups). The same `seed` gives the same rows,
    and a larger `count` keeps those of a smaller one. Raises UsageError where `stratify` cannot be.
    """
    sampled = _sampled(run, stratify)
    keys = _drawn(run, count=count, sampled=sampled, seed=seed)
    return (_row(run, seen, sampled=sampled) for seen in run.answers(_ordered(keys, seed=seed, salt="shown")))


def require_by_verdict(run: ScoredRun) -> None:
    """Raises UsageError where a sample of each verdict by itself could correct nothing."""
    if run.spec.kind != "rate" or not run.independent:
        why = "a score" if run.spec.kind != "rate" else "asked with repeats or in groups"
        raise UsageError(
            f"{run.sli} is {why}: labels drawn by verdict correct a rate with one answer a query and no groups only; "
            "draw them all alike (--stratify none)"
        )


def _sampled(run: ScoredRun, stratify: Stratify | None) -> Sampled:
    if stratify == "verdict":
        require_by_verdict(run)
    possible = run.spec.kind == "rate" and run.independent
    return "verdict" if possible and stratify != "none" else "random"


def _drawn(run: ScoredRun, *, count: int, sampled: Sampled, seed: int) -> list[Key]:
    order = _ordered(run.values, seed=seed, salt="drawn")
    if sampled == "random":
        return order[:count]
    yes = [key for key in order if run.cut.yes(run.values[key])]
    no = [key for key in order if not run.cut.yes(run.values[key])]
    of_yes = min(len(yes), max(count - count // 2, count - len(no)))
    return [*yes[:of_yes], *no[: count - of_yes]]


def _ordered(keys: Iterable[Key], *, seed: int, salt: str) -> list[Key]:
    """The keys in an order that nobody chose, and that no version of Python changes."""

    def place(key: Key) -> bytes:
        return hashlib.sha256(ascii((seed, salt, key)).encode()).digest()

    return sorted(keys, key=place)


def _row(run: ScoredRun, seen: AnswerSeen, *, sampled: Sampled) -> RowToLabel:
    return RowToLabel(
        query_id=seen.query.id,
        repeat=seen.repeat,
        sli=run.sli,
        sampled=sampled,
        query=seen.query.query,
        reference=seen.query.reference,
        contexts=seen.contexts,
        answer=seen.answer,
        claims=_claims(run, seen),
    )


def _claims(run: ScoredRun, seen: AnswerSeen) -> tuple[str, ...] | None:
    from evalslo.scorers.claim_slis import CLAIM_SLIS
    from evalslo.scorers.claims import read_answer

    if run.spec.name not in CLAIM_SLIS:
        return None
    sentences = read_answer(seen.answer, language=seen.query.language)
    return tuple(sentence.text for sentence in sentences if sentence.not_a_claim is None)
