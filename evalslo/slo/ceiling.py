"""How far a perfect ranking could get: precision and recall at k have a ceiling that the golden set alone sets."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.slo.observe import is_good


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The best value that `objective` can reach in the space of its target, and the queries that hold it down."""

    best: float
    held_down: int
    queries: int

    def below(self, objective: Objective) -> bool:
        """Whether even the best misses the target."""
        return self.best < float(objective.target)


def ceiling_of(objective: Objective, queries: Sequence[GoldenQuery]) -> Ceiling | None:
    """The ceiling of an objective on precision@k or recall@k; None for another, or where no query has a relevant id."""
    k = objective.sli.k
    if k is None or objective.sli.name not in ("precision", "recall"):
        return None
    counts = [sum(grade > 0 for grade in (query.relevant or {}).values()) for query in queries]
    relevant = [count for count in counts if count]
    if not relevant:
        return None
    divisors = [k if objective.sli.name == "precision" else count for count in relevant]
    reach = [min(count, k) / divisor for count, divisor in zip(relevant, divisors, strict=True)]
    values = reach if objective.shape == "mean" else [float(is_good(objective, value)) for value in reach]
    return Ceiling(best=sum(values) / len(values), held_down=sum(value < 1 for value in reach), queries=len(reach))


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
