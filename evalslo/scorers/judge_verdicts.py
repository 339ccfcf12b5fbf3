"""A judge's verdicts as evidence: each believed only as far as its quote stands in the contexts."""

from collections.abc import Sequence

from evalslo.model.golden import Context
from evalslo.model.score import Evidence
from evalslo.scorers.judge_quotes import Folded, find_quote, fold, says_something
from evalslo.scorers.judge_replies import Said
from evalslo.scorers.sentences import Span

QUOTE_NOT_FOUND = "quote not found"
_REASONS = {"supported": "quoted from the context", "contradicted": "contradicted by the quote"}


def fold_all(texts: Sequence[str]) -> list[Folded]:
    """The contexts' texts, to look quotes up in."""
    return [fold(text) for text in texts]


def check_verdict(
    said: Said, claim: str, *, contexts: Sequence[Context], folded: Sequence[Folded], language: str | None
) -> Evidence:
    """The evidence on one claim. A verdict whose quote is in no context is `unsupported`, whatever it was.

    The quote is looked for in the context that the judge named, then in the others: the one that has it is the evidence.
    """
    if said.verdict == "unsupported":
        return Evidence(claim=claim, verdict="unsupported", reason="the judge found no support")
    found = _place(said, folded) if says_something(said.quote, language=language) else None
    if found is None:
        return Evidence(claim=claim, verdict="unsupported", reason=f"{QUOTE_NOT_FOUND}; the judge said {said.verdict}")
    number, span = found
    return Evidence(
        claim=claim, verdict=said.verdict, context_id=contexts[number].id, span=span, reason=_REASONS[said.verdict]
    )


def _place(said: Said, folded: Sequence[Folded]) -> tuple[int, Span] | None:
    named = -1 if said.context is None else said.context - 1
    for number in sorted(range(len(folded)), key=lambda number: number != named):
        span = find_quote(said.quote, folded[number])
        if span is not None:
            return number, span
    return None
