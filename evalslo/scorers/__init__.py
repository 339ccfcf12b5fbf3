"""One sample in, one score out; knows no objective."""

from evalslo.model.protocols import Scorer
from evalslo.model.sli import SliSpec


def builtin_scorers() -> tuple[Scorer, ...]:
    """The scorers that come with evalslo. They measure different SLIs: no name is measured by two."""
    from evalslo.scorers.abstention import Abstention
    from evalslo.scorers.answers import Answers
    from evalslo.scorers.overlap import Overlap
    from evalslo.scorers.retrieval import Retrieval
    from evalslo.scorers.service import Service

    return (Overlap(), Abstention(), Answers(), Retrieval(), Service())


def specs() -> dict[str, SliSpec]:
    """Every SLI that the built-in scorers and judges measure, by name."""
    from evalslo.scorers.claim_slis import CLAIM_SLIS
    from evalslo.scorers.rubrics import GRADED

    measured = {spec.name: spec for scorer in builtin_scorers() for spec in scorer.slis}
    return measured | dict(CLAIM_SLIS) | dict(GRADED)
