"""What can be measured here, and by what: one table of scorers, the built-in ones and then those of other packages.

Other packages are looked at only where a name is asked for that is not built in (`evalslo.installed`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar

from evalslo.errors import UsageError
from evalslo.installed import SCORERS, installed
from evalslo.model.protocols import Scorer
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers import answers, builtin_scorers, rubrics, specs

_Item = TypeVar("_Item")


class _Table(Mapping[str, _Item]):
    """`builtin`, and behind it what plugins add: they are loaded by a name that is not built in, and by asking for all."""

    def __init__(self, builtin: Mapping[str, _Item], further: Callable[[], Mapping[str, _Item]]) -> None:
        self._builtin = builtin
        self._further = further

    def __getitem__(self, name: str) -> _Item:
        if name in self._builtin:
            return self._builtin[name]
        try:
            further = self._further()
        except UsageError as error:
            raise UsageError(f"{name!r:.80} is not built in, and {error}") from error
        return further[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._builtin
        yield from self._further()

    def __len__(self) -> int:
        return len(self._builtin) + len(self._further())


@cache
def scorers() -> Mapping[str, Scorer]:
    """The scorer of each SLI name, where the suite chooses none. Raises UsageError where a plugin cannot be used."""
    return _Table({spec.name: scorer for scorer in builtin_scorers() for spec in scorer.slis}, _scorers_by_sli)


@cache
def sli_specs() -> Mapping[str, SliSpec]:
    """What is known of each SLI by name. Raises UsageError where a plugin cannot be used."""
    return _Table(specs(), _specs_by_sli)


@cache
def named_scorers() -> Mapping[str, Scorer]:
    """Every scorer by its own name, for suites that choose one. Raises UsageError where a plugin cannot be used."""
    return _Table({scorer.name: scorer for scorer in builtin_scorers()}, _installed_scorers)


def options_fault(sli: Sli) -> str | None:
    """What is wrong with the options that a suite gives an SLI; None where nothing is."""
    if sli.name in specs():
        return answers.options_fault(sli) or rubrics.options_fault(sli)
    find: Callable[[Sli], str | None] | None = getattr(scorers()[sli.name], "options_fault", None)
    return None if find is None else find(sli)


def fingerprint(names: Sequence[str]) -> dict[str, str]:
    """`name/version` of the scorer of each of the SLIs; that of a plugin has its package and its version too."""
    return {name: f"{scorers()[name].name}/{scorers()[name].version}" for name in sorted(set(names))}


@cache
def _installed_scorers() -> Mapping[str, Scorer]:
    """The scorers of other packages by name; a plugin that was mended is loaded anew, for errors are not kept."""
    from evalslo.scorers.plugin import check_names, plugin_scorer

    plugins = installed(SCORERS, builtin={scorer.name for scorer in builtin_scorers()})
    found = {name: plugin_scorer(plugin) for name, plugin in plugins.items()}
    check_names([(plugins[name], scorer) for name, scorer in found.items()], builtin=specs())
    return found


def _added() -> Iterator[tuple[SliSpec, Scorer]]:
    """The SLIs that nothing built in measures, each with its scorer."""
    builtin = specs()
    return ((spec, one) for one in _installed_scorers().values() for spec in one.slis if spec.name not in builtin)


def _scorers_by_sli() -> Mapping[str, Scorer]:
    return {spec.name: scorer for spec, scorer in _added()}


def _specs_by_sli() -> Mapping[str, SliSpec]:
    return {spec.name: spec for spec, _ in _added()}
