"""How far a perfect ranking could get: precision, recall and MAP at k have a ceiling that the golden set alone sets."""

from collections.abc import Sequence

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.slo.estimate import mean_of
from evalslo.slo.observe import is_good

ROUNDING = 1e-12  # of a mean that is compared with a target


class Ceiling(Struct, frozen=True, kw_only=True):
    """The best value that `objective` can reach in the space of its target, and the queries that hold it down."""

    best: float
    held_down: int
    queries: int

    def below(self, objective: Objective) -> bool:
        """Whether even the best misses the target."""
        return self.best < float(objective.target) - ROUNDING


def ceiling_of(objective: Objective, queries: Sequence[GoldenQuery]) -> Ceiling | None:
    """The ceiling of an objective that wants precision@k, recall@k or map@k high; None for another, or without any relevant id.

    Of the queries that have some, each with its sampling weight.
    """
    k = objective.sli.k
    if k is None or objective.sli.name not in ("precision", "recall", "map") or _wants_it_low(objective):
        return None
    counted = [(query, sum(grade > 0 for grade in (query.relevant or {}).values())) for query in queries]
    relevant = [(count, 1.0 if query.weight is None else query.weight) for query, count in counted if count]
    if not relevant:
        return None
    reach = [min(count, k) / (k if objective.sli.name == "precision" else count) for count, _ in relevant]
    values = reach if objective.shape == "mean" else [float(is_good(objective, value)) for value in reach]
    best = mean_of(values, [weight for _, weight in relevant])
    return Ceiling(best=best, held_down=sum(value < 1 for value in reach), queries=len(reach))


def _wants_it_low(objective: Objective) -> bool:
    return objective.op == "<=" or (objective.event is not None and objective.event.op == "<=")


def ceiling_words(objective: Objective, ceiling: Ceiling) -> str:
    """The ceiling in a sentence, and what to use instead."""
    k = objective.sli.k
    if objective.sli.name == "precision":
        why, instead = f"have fewer than {k} relevant ids", f"recall@{k} or hit@{k}"
    else:
        why, instead = f"have more than {k} relevant ids", f"a larger k, or hit@{k}"
    return (
        f"{objective.sli} can reach at most {ceiling.best:.2f}: {ceiling.held_down} of {ceiling.queries} queries {why}; "
        f"use {instead}"
    )
