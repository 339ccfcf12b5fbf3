"""What can be measured here, and by what: the one table of scorers."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from evalslo.model.protocols import Scorer
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers import answers, builtin_scorers, specs


@cache
def scorers() -> Mapping[str, Scorer]:
    """The scorer of each SLI name. Each SLI has one."""
    return MappingProxyType({spec.name: scorer for scorer in builtin_scorers() for spec in scorer.slis})


@cache
def sli_specs() -> Mapping[str, SliSpec]:
    """What is known of each SLI by name."""
    return MappingProxyType(specs())


def options_fault(sli: Sli) -> str | None:
    """What is wrong with the options that a suite gives an SLI; None where nothing is."""
    return answers.options_fault(sli)


def fingerprint(names: Sequence[str]) -> dict[str, str]:
    """`name/version` of the scorer of each of the SLIs."""
    return {name: f"{scorers()[name].name}/{scorers()[name].version}" for name in sorted(set(names))}
