"""What a suite says of scoring: its judges, what scores which SLI, and its files of calibration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from evalslo.loaders.limits import read_limits
from evalslo.loaders.telling import quoted, unknown
from evalslo.loaders.yaml_marks import Keys, Value
from evalslo.model.suite import EndpointSpec, JudgeSpec, Price, ScorerChoice

if TYPE_CHECKING:
    from evalslo.loaders.schema import SuiteFile

_NOT_OPTIONS = {"kind", "price", "contexts_from", "votes", "limits"}
_PANEL = "judge"


def read_judges(model: "SuiteFile", written: Mapping[str, Value]) -> dict[str, JudgeSpec]:
    """The judges of a file without faults. Their endpoints' options are the file's own words, as `written`."""
    return {name: _judge(name, model, written.get(name)) for name in model.judges}


def _judge(name: str, model: "SuiteFile", written: Value) -> JudgeSpec:
    said = model.judges[name]
    keys = written if isinstance(written, dict) else {}
    options = {key: value for key, value in keys.items() if key not in _NOT_OPTIONS and value is not None}
    price = Price(**said.price.model_dump()) if said.price else None
    endpoint = EndpointSpec(kind=said.kind, options=options, price=price)
    return JudgeSpec(name=name, endpoint=endpoint, limits=read_limits(said.limits), votes=said.votes)


def read_scorers(model: "SuiteFile") -> dict[str, ScorerChoice]:
    """What scores an SLI, by the SLI's text, where the file says."""
    return {sli: _choice(said) for sli, said in model.scorers.items()}


def _choice(said: str | Sequence[str]) -> ScorerChoice:
    if not isinstance(said, str):
        return ScorerChoice(scorer=_PANEL, judges=tuple(one.partition(":")[2] for one in said))
    scorer, colon, name = said.partition(":")
    if not colon:
        return ScorerChoice(scorer=scorer)
    return ScorerChoice(scorer=_PANEL, judges=(name,), cascade=scorer == "cascade")


def read_calibration(model: "SuiteFile") -> tuple[str, ...]:
    """The files of calibration, as written."""
    said = model.calibration
    return () if said is None else (said,) if isinstance(said, str) else tuple(said)


def check_judges(model: "SuiteFile") -> Iterator[tuple[Keys, str]]:
    """What is wrong with `scorers` and `judges` that are each in order: as a judge that is not there."""
    for sli, said in model.scorers.items():
        choice = _choice(said)
        for name in choice.judges:
            if name not in model.judges:
                yield ("scorers", sli), unknown(name, model.judges, what="judge")
        if len(set(choice.judges)) < len(choice.judges):
            yield ("scorers", sli), f"{quoted(choice.judges[0])} is in the panel twice; give the judge votes instead"
    for name, judge in model.judges.items():
        if judge.limits.max_cost_usd is not None and judge.kind == "recorded":
            yield ("judges", name, "limits", "max_cost_usd"), "recorded replies cost nothing; take it out"
        elif judge.limits.max_cost_usd is not None and judge.price is None and judge.kind != "python":
            message = "it needs the judge's price; without one the cost is unknown (0 and 0 where it is free)"
            yield ("judges", name, "limits", "max_cost_usd"), message
