"""Reasons: what is said of an objective beside its verdict, and the sentences that more than one place says."""

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Reason


def reason_of(objective: Objective, code: str, text: str) -> Reason:
    """The reason with this stable `code`, told of the objective."""
    return Reason(code=code, text=text, objective=objective.id)


def no_bound(objective: Objective, *, to: str) -> Reason:
    """Why the mean of a quantity decides nothing, and what to use `to` do so."""
    return reason_of(objective, "no_bound", f"the mean of a quantity has no bound: use pNN or `for NN%` to {to}")


def one_unit(objective: Objective) -> Reason:
    """Why a single independent unit decides nothing."""
    text = "one independent unit says nothing of its kind: add golden queries or groups"
    return reason_of(objective, "one_unit", text)
