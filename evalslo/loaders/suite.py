"""A suite file, read whole: either a suite without fault, or all its faults at once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from evalslo.errors import EvalsloError, FileFaults, UsageError
from evalslo.loaders.judges import check_judges, read_calibration, read_judges, read_scorers
from evalslo.loaders.limits import check_limits_together, read_limits
from evalslo.loaders.objectives import Complaint, Entry, read_entries
from evalslo.loaders.policy import read_policy
from evalslo.loaders.settings import apply_settings
from evalslo.loaders.telling import first_faults, unknown
from evalslo.loaders.times import check_times, read_agreements, read_alerts, read_budgeting, read_window
from evalslo.loaders.variants import check_variants, variant_endpoint
from evalslo.loaders.yaml_marks import Document, Value, read_yaml
from evalslo.model.objective import Objective, Place
from evalslo.model.sli import SliSpec
from evalslo.model.suite import EndpointSpec, GateRules, GoldenSource, Price, Suite

if TYPE_CHECKING:
    from evalslo.loaders.schema import GateKeys, GoldenKeys, ObjectiveKeys, SuiteFile

_OF_EVERY_KIND = {"kind", "price", "contexts_from"}
_NOT_ASKED_OF_THE_ENDPOINT = {"variants", "judges", "scorers", "calibration"}
_OF_TIME = {"window", "budgeting", "alerts", "policy", "sla"}
_ONLY_END_A_RUN = {"max_cost_usd", "max_tokens", "give_up_after"}


def read_suite(
    path: Path, *, slis: Mapping[str, SliSpec], variant: str | None = None, settings: Sequence[str] = ()
) -> Suite:
    """The suite in a YAML file, with `settings` (`KEY=VALUE`) in it and one variant, if named, in place of its endpoint.

    Every variant is checked, whichever is named. Raises FileFaults with all faults of the file; UsageError where only
    the variant's name or the settings are at fault.
    """
    document = apply_settings(read_yaml(path), settings=settings)
    model, entries = _checked(document, slis=slis, variant=variant)
    if variant is not None and variant not in model.variants:
        raise UsageError(f"{path}: {unknown(variant, model.variants, what='variant')}")
    gate = _gate(model.gate)
    objectives = tuple(
        _objective(entry, said, document=document, gate=gate, slis=slis)
        for entry, said in zip(entries, model.objectives, strict=True)
    )
    names = {objective.sli.name for objective in objectives}
    return Suite(
        name=model.suite,
        service=model.service,
        golden=_golden(model.golden),
        endpoint=_endpoint(document.value, variant),
        objectives=objectives,
        slis={name: _proven(slis[name], objectives) for name in sorted(names)},
        repeats=model.repeats,
        limits=read_limits(model.limits),
        gate=gate,
        file=str(path),
        folder=path.parent,
        text=document.text,
        digest=_digest(document.value, variant),
        variant=variant,
        settings=tuple(settings),
        judges=read_judges(model, _mapping(document.value, "judges")),
        scorers=read_scorers(model),
        calibration=read_calibration(model),
        window=read_window(model.window),
        budgeting=read_budgeting(model.budgeting),
        alerts=read_alerts(model.alerts, folder=path.parent),
        policy=read_policy(model.policy),
        agreements=read_agreements(model),
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a suite file, for editors and for `check --schema`."""
    from evalslo.loaders.schema import SuiteFile

    schema = SuiteFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "evalslo suite"}


def _checked(
    document: Document, *, slis: Mapping[str, SliSpec], variant: str | None
) -> tuple["SuiteFile", tuple[Entry, ...]]:
    """The file's keys and objectives. Raises with all that is wrong, in the order of the file."""
    from evalslo.loaders.schema_faults import check_suite

    model, complaints = check_suite(document.value)
    read = read_entries(document.value, slis=slis)
    known = {keys for keys, _ in complaints}
    further = (
        *read.complaints,
        *check_variants(document.value),
        *(check_judges(model) if model else ()),
        *check_limits_together(document.value, variant=variant),
        *(check_times(model, read.entries, folder=Path(document.file).parent) if model else ()),
    )
    complaints = (*complaints, *(complaint for complaint in further if complaint[0] not in known))
    if model is None or complaints:
        raise _told(document, complaints)
    return model, read.entries


def _proven(spec: SliSpec, objectives: Sequence[Objective]) -> SliSpec:
    """What a function of the user's own checks is what they mean by it, and needs no people beside."""
    checked = any(one.sli.name == spec.name and "check" in one.sli.options for one in objectives)
    return replace(spec, unproven=False) if checked else spec


def _told(document: Document, complaints: Sequence[Complaint]) -> EvalsloError:
    faults = sorted((document.fault(*complaint) for complaint in complaints), key=lambda fault: fault.line or 0)
    if all(fault.file in document.settings.values() for fault in faults):
        return UsageError("\n".join(map(str, faults)))
    return FileFaults(first_faults(faults))


def _objective(
    entry: Entry, said: "str | ObjectiveKeys", *, document: Document, gate: GateRules, slis: Mapping[str, SliSpec]
) -> Objective:
    if entry.parsed is None or entry.id is None:
        raise AssertionError("an objective without meaning is a fault and was told before")
    alpha, on_inconclusive = (None, None) if isinstance(said, str) else (said.alpha, said.on_inconclusive)
    return Objective(
        id=entry.id,
        text=entry.text,
        sli=entry.parsed.sli,
        op=entry.parsed.op,
        target=entry.parsed.target,
        shape=entry.parsed.shape,
        alpha=gate.alpha if alpha is None else _exact(alpha),
        critical=entry.critical,
        on_inconclusive=on_inconclusive or gate.on_inconclusive,
        event=entry.parsed.event,
        quantile=entry.parsed.quantile,
        unit=slis[entry.parsed.sli.name].unit if entry.parsed.shape == "mean" else None,
        place=Place(file=document.file, line=document.line(entry.keys)),
        per=entry.per,
    )


def _golden(said: "GoldenKeys") -> GoldenSource:
    hub = said.hub.model_dump(exclude_none=True) if said.hub else None
    return GoldenSource(path=said.path, hub=hub, columns={str(ours): theirs for ours, theirs in said.columns.items()})


def _endpoint(suite: Value, variant: str | None) -> EndpointSpec:
    """The endpoint to call. Its options are the file's own words: what a kind does without a key is that kind's affair."""
    from evalslo.loaders.schema_faults import check_endpoint

    value = _called(suite, variant)
    model, _ = check_endpoint(value)
    if model is None or not isinstance(value, dict):
        raise AssertionError("an endpoint with faults was told before")
    options = {key: said for key, said in value.items() if key not in _OF_EVERY_KIND and said is not None}
    price = Price(**model.price.model_dump()) if model.price else None
    return EndpointSpec(kind=model.kind, options=options, price=price, contexts_from=model.contexts_from)


def _called(suite: Value, variant: str | None) -> Value:
    endpoint = _at(suite, "endpoint")
    return endpoint if variant is None else variant_endpoint(endpoint, _mapping(suite, "variants").get(variant))


def _gate(said: "GateKeys") -> GateRules:
    return GateRules(
        alpha=_exact(said.alpha),
        on_inconclusive=said.on_inconclusive,
        min_coverage=_exact(said.min_coverage),
        uncalibrated=said.uncalibrated,
        icc_floor=_exact(said.icc_floor),
        population=said.population,
        strict=said.strict,
        rate_method=said.rate_method,
        mean_method=said.mean_method,
    )


def _exact(number: float) -> Fraction:
    """The decimal number that a file says: 0.05 is 1/20. A float's shortest form is what was written, up to 15 digits."""
    return Fraction(repr(number))


def _at(value: Value, key: str) -> Value:
    return value.get(key) if isinstance(value, dict) else None


def _mapping(value: Value, key: str) -> dict[str, Value]:
    inside = _at(value, key)
    return inside if isinstance(inside, dict) else {}


def _digest(suite: Value, variant: str | None) -> str:
    """`sha256:...` over what the file means: its keys after all settings, with the endpoint that is called.

    Comments, the order of keys and the other variants are not in it. Nor are the caps, which end a run and change none of
    its answers: a run that they stopped goes on under higher ones. Windows and policies speak of
    many runs, and change none. Concurrency, rates, time-outs and retries are in it: they
    decide how busy the server is and how long it is waited for, and with that latencies and errors. Answers of two paces
    in one run would be two measurements. Who judges the answers changes none of them either: scorers have fingerprints of
    their own.
    """
    said = (
        {key: value for key, value in suite.items() if key not in _NOT_ASKED_OF_THE_ENDPOINT | _OF_TIME}
        if isinstance(suite, dict)
        else {}
    )
    limits = {key: value for key, value in _mapping(suite, "limits").items() if key not in _ONLY_END_A_RUN}
    said |= {"endpoint": _called(suite, variant), "limits": limits, "variant": variant}
    text = json.dumps(said, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
