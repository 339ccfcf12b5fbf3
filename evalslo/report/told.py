"""The reasons of a scorecard, each told once."""

from collections.abc import Sequence

from evalslo.model.scorecard import ObjectiveResult, Reason, Scorecard


def told_reasons(scorecard: Scorecard) -> list[Reason]:
    """The run's reasons, then those of its rows that the run did not tell."""
    of_rows = [reason for row in scorecard.objectives for reason in untold(row, scorecard.reasons)]
    return [*scorecard.reasons, *of_rows]


def untold(result: ObjectiveResult, reasons: Sequence[Reason]) -> list[Reason]:
    """The row's reasons that the run's `reasons` do not tell; the run may tell one in other words."""
    told = {(reason.code, reason.objective) for reason in reasons}
    return [reason for reason in result.reasons if (reason.code, reason.objective) not in told]
