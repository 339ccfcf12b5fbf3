"""Which golden queries an SLI speaks of, as far as the golden set alone can tell."""

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing
from evalslo.model.sli import Sli, SliSpec


def silent_on(query: GoldenQuery, *, sli: Sli, spec: SliSpec) -> Missing | None:
    """Why `sli` says nothing of `query` whatever is answered; None where it speaks of it.

    It holds for failed calls too: a query without references is no bad event of `contains` because its call failed.
    """
    if spec.speaks_of == "relevant" and not any(grade > 0 for grade in (query.relevant or {}).values()):
        return Missing.NO_RELEVANT
    if spec.speaks_of == "reference" and not query.reference and "text" not in sli.options:
        return Missing.NO_REFERENCE
    if spec.speaks_of in ("answerable", "unanswerable"):
        return _by_answerable(query, wanted=spec.speaks_of == "answerable")
    return None


def _by_answerable(query: GoldenQuery, *, wanted: bool) -> Missing | None:
    if query.answerable is None:
        return Missing.NO_LABEL
    if query.answerable is wanted:
        return None
    return Missing.ANSWERABLE if query.answerable else Missing.UNANSWERABLE
