"""A scorer of another package, held to the protocol before a run and to what it promised with every score."""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Real

import msgspec
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.installed import Plugin, load, told
from evalslo.model.golden import GoldenQuery
from evalslo.model.protocols import Scorer
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.sli import Sli, SliSpec

_SCORER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
_SLI_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def plugin_scorer(plugin: Plugin) -> Scorer:
    """The scorer that a plugin brings. Raises UsageError where it cannot be had, or lacks a part of the protocol."""
    scorer = _made(plugin)
    try:
        checked = _whole(scorer, plugin)
        fault = next(_faults(checked, plugin), None)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # a property of a stranger's object may raise anything
        raise plugin.refusal(f"{plugin.target} cannot be read: {told(error)}") from error
    if fault is not None:
        raise plugin.refusal(f"{plugin.target}: {fault}")
    return PluginScorer(checked, plugin)


def check_names(scorers: Iterable[tuple[Plugin, Scorer]], *, builtin: Mapping[str, SliSpec]) -> None:
    """Nothing. Raises UsageError where an SLI is measured by two plugins, or is another thing than the built-in one.

    What is built in stays the scorer of its SLI until a suite chooses another; of two plugins nobody could say which.
    """
    owners: dict[str, Plugin] = {}
    for plugin, scorer in scorers:
        for spec in scorer.slis:
            if spec.name in builtin and replace(spec, what="") != replace(builtin[spec.name], what=""):
                fields = ", ".join(name for name in spec.__struct_fields__ if name not in ("name", "what"))
                problem = f"its SLI {spec.name!r} is not what evalslo calls so: wanted the same {fields}"
                raise plugin.refusal(problem, mend="rename it, or uninstall the package")
            if (other := owners.setdefault(spec.name, plugin)) is not plugin and spec.name not in builtin:
                raise plugin.refusal(f"{other} measures {spec.name!r} too", mend="rename it, or uninstall one of them")


class PluginScorer:
    """A scorer whose version says which package it is from, and whose scores are what its SLIs promise."""

    def __init__(self, scorer: Scorer, plugin: Plugin) -> None:
        self._scorer = scorer
        self.name = scorer.name
        self.version = f"{scorer.version} ({plugin.package} {plugin.version})"
        self.slis = tuple(scorer.slis)
        self._specs = {spec.name: spec for spec in self.slis}

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`. Raises what the plugin raises, and ValueError for a score that is none."""
        try:
            found = list(self._scorer.score(query, sample, slis=slis))
        except SystemExit as error:  # it would end the run, with an exit code that reads as a verdict
            raise RuntimeError(f"it called exit({error.code!r})") from error
        if len(found) != len(slis):
            raise ValueError(f"it gave {len(found)} scores where {len(slis)} were asked for")
        return [self._checked(score, sample, sli=sli) for score, sli in zip(found, slis, strict=True)]

    def options_fault(self, sli: Sli) -> str | None:
        """What the plugin says is wrong with the options of an SLI; None where it finds, or says, nothing."""
        find: Callable[[Sli], str | None] | None = getattr(self._scorer, "options_fault", None)
        try:
            fault = None if find is None else find(sli)
        except Exception as error:
            fault = told(error)
        return None if fault is None else f"{sli}: {fault}"

    def _checked(self, score: object, sample: Sample, *, sli: Sli) -> Score:
        if not isinstance(score, Score):
            raise TypeError(f"it gave a {type(score).__name__} where a Score of {sli} was wanted")
        about, wanted = (score.query_id, score.repeat, score.sli), (sample.query_id, sample.repeat, str(sli))
        if about != wanted:
            raise ValueError(f"it gave a score of {about!r:.200} where one of {wanted!r:.200} was wanted")
        value = _value(score.value, spec=self._specs[sli.name])
        if (value is None) == (score.reason is None):
            raise ValueError(f"its score of {sli} has {'neither' if value is None else 'both'} of value and reason")
        own = replace(score, scorer=f"{self.name}/{self.version}", value=value)
        return msgspec.convert(msgspec.to_builtins(own), Score)


def _made(plugin: Plugin) -> object:
    """What the entry point names, or what that gives when it is called without an argument."""
    registered = load(plugin)
    if not callable(registered) or (not isinstance(registered, type) and hasattr(registered, "score")):
        return registered
    try:
        made: object = registered()
    except (Exception, SystemExit) as error:
        raise plugin.refusal(f"calling {plugin.target} without an argument failed: {told(error)}") from error
    return made


def _whole(scorer: object, plugin: Plugin) -> Scorer:
    """`scorer`, which has every part of a Scorer. Raises UsageError where one is missing."""
    missing = [part for part in ("name", "version", "slis", "score") if not hasattr(scorer, part)]
    if missing:
        raise plugin.refusal(f"{plugin.target} is no Scorer: it has no {', no '.join(missing)}")
    for part in ("name", "version"):
        if not isinstance(text := getattr(scorer, part), str):
            raise plugin.refusal(f"{plugin.target}: its {part} is {text!r:.80}; wanted a text")
    whole: Scorer = scorer  # type: ignore[assignment] # what a Scorer must have, it has
    return whole


def _faults(scorer: Scorer, plugin: Plugin) -> Iterator[str]:
    """What a scorer says of itself that evalslo cannot use."""
    if scorer.name != plugin.name:
        yield f"its name is {scorer.name!r:.80}, and its entry point is called {plugin.name!r}; wanted one name for both"
    if not _SCORER_NAME.fullmatch(scorer.name):
        yield f"its name is {scorer.name!r:.80}; wanted lower-case letters, digits, '-' and '_', 64 at most"
    if not _VERSION.fullmatch(scorer.version):
        yield f"its version is {scorer.version!r:.80}; wanted a text of letters, digits and _ . + -, 64 at most"
    yield from _unfit_score(scorer)
    specs = tuple(scorer.slis)
    if not specs:
        yield "it measures no SLI; wanted at least one SliSpec in slis"
    for spec in specs:
        yield from _unfit_spec(spec)
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        yield f"it has an SLI twice: {', '.join(names):.200}"


def _unfit_score(scorer: Scorer) -> Iterator[str]:
    wanted = "wanted score(query, sample, *, slis)"
    if inspect.iscoroutinefunction(scorer.score):
        yield f"its score is async; {wanted}, for scorers make no call"
        return
    try:
        inspect.signature(scorer.score).bind(None, None, slis=())
    except TypeError as error:
        yield f"its score does not take what it is given: {error}; {wanted}"


def _unfit_spec(spec: object) -> Iterator[str]:
    if not isinstance(spec, SliSpec):
        yield f"slis has a {type(spec).__name__}; wanted evalslo.model.sli.SliSpec"
        return
    try:
        msgspec.convert(msgspec.to_builtins(spec), SliSpec)
    except (msgspec.ValidationError, TypeError) as error:
        yield f"the SliSpec of {spec.name!r:.80} is of the wrong form: {error}"
        return
    if not _SLI_NAME.fullmatch(spec.name):
        yield f"an SLI is called {spec.name!r:.80}; wanted a lower-case letter, then such letters, digits and '_'"
    if (spec.kind == "quantity") != (spec.unit is not None):
        yield f"{spec.name} is a {spec.kind} of unit {spec.unit}; wanted a unit for a quantity, and for nothing else"
    if spec.per_run:
        yield f"{spec.name} is a figure of the whole run; a scorer sees one sample at a time"


def _value(value: object, *, spec: SliSpec) -> float | None:
    """The value as a float; a number of NumPy or of Fraction is one too."""
    if value is None:
        return None
    wanted = {"rate": "0 or 1", "score": "0 to 1", "quantity": "a finite number from 0 on"}[spec.kind]
    number = float(value) if isinstance(value, Real) else math.nan
    inside = {"rate": number in (0.0, 1.0), "score": 0 <= number <= 1, "quantity": 0 <= number < math.inf}[spec.kind]
    if not inside:
        raise ValueError(f"its value of {spec.name} is {value!r:.80}; a {spec.kind} is {wanted}")
    return number
