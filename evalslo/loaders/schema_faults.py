"""What is wrong with the keys of a suite file, in words and with the path of each fault."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from evalslo.installed import ENDPOINTS, installed
from evalslo.loaders import schema
from evalslo.loaders.schema import (
    CONCURRENCY,
    DURATION,
    SCORER,
    WANTED,
    WINDOW,
    CalledEndpoint,
    Endpoint,
    EndpointKeys,
    HttpEndpoint,
    LimitsKeys,
    OpenAiEndpoint,
    SuiteFile,
)
from evalslo.loaders.telling import found, quoted, unknown
from evalslo.loaders.yaml_marks import Keys, Value

Complaint = tuple[Keys, str]

_NEVER_SHOWN = {"api_key_env", "headers", "headers_env"}
_SECRET_HEADERS = {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
_SECRET_KEYS = {"api_key", "apikey", "key", "token", "secret", "password", "authorization"}

# The model whose keys stand under each last part of an error's path; kinds are parts of that path, forms are left out.
_KEYS_UNDER: dict[str, type[schema.Keys]] = {
    "": schema.SuiteFile,
    "golden": schema.GoldenKeys,
    "hub": schema.HubKeys,
    "price": schema.PriceKeys,
    "read": schema.ReadKeys,
    "contexts": schema.ReadContextsKeys,
    "tls": schema.TlsKeys,
    "usage": schema.ReadUsageKeys,
    "openai": schema.OpenAiEndpoint,
    "http": schema.HttpEndpoint,
    "python": schema.PythonEndpoint,
    "recorded": schema.RecordedEndpoint,
    schema.OF_A_PLUGIN: schema.PluginEndpoint,
    "limits": schema.LimitsKeys,
    "objectives": schema.ObjectiveKeys,
    "gate": schema.GateKeys,
    "window": schema.CalendarKeys,
    "budgeting": schema.BudgetingKeys,
    "alerts": schema.AlertsKeys,
    "policy": schema.PolicyKeys,
    "steps": schema.StepKeys,
    "freezes": schema.FreezeKeys,
    "sla": schema.AgreementKeys,
}

_WANTED_TYPE = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_too_short": "some text",
    "too_short": "at least one",
    "invalid_key": "a key that is text",
}
_WANTED_BOUND = {
    "greater_than": "above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "below {lt:g}",
    "less_than_equal": "{le:g} or less",
}


def check_suite(value: Value) -> tuple[SuiteFile | None, tuple[Complaint, ...]]:
    """The file's keys, None where they have faults, and the faults."""
    try:
        model = SuiteFile.model_validate(value)
    except ValidationError as error:
        return None, _complaints(error, value)
    more = (
        *_golden(model),
        *((("endpoint", *keys), message) for keys, message in _together(model.endpoint)),
        *((("judges", name, *keys), told) for name, judge in model.judges.items() for keys, told in _together(judge)),
    )
    return (None if more else model), more


def check_endpoint(value: Value) -> tuple[Endpoint | None, tuple[Complaint, ...]]:
    """An endpoint's keys, None where they have faults, and the faults with paths inside the endpoint."""
    try:
        model = _endpoint_adapter().validate_python(value)
    except ValidationError as error:
        return None, _complaints(error, value)
    more = tuple(_together(model))
    return (None if more else model), more


@cache
def _endpoint_adapter() -> TypeAdapter[Endpoint]:
    """Made where a suite has variants: it takes as long as the whole suite's."""
    return TypeAdapter(Endpoint)


def sound_limits(value: Value) -> LimitsKeys:
    """The keys of `limits` that are in order by themselves; the faults of the others are told by `check_suite`."""
    said = value if isinstance(value, dict) else {}
    try:
        return LimitsKeys.model_validate(said)
    except ValidationError as error:
        faulty = {detail["loc"][0] for detail in error.errors(include_url=False)}
        return LimitsKeys.model_validate({key: limit for key, limit in said.items() if key not in faulty})


def _complaints(error: ValidationError, value: Value) -> tuple[Complaint, ...]:
    return tuple((_keys(detail, value), _message(detail)) for detail in error.errors(include_url=False))


def _golden(model: SuiteFile) -> Iterator[Complaint]:
    if (model.golden.path is None) == (model.golden.hub is None):
        yield ("golden",), "wanted exactly one of path and hub"


def _together(endpoint: EndpointKeys) -> Iterator[Complaint]:
    """What is wrong with keys that are each in order."""
    yield from _headers(endpoint)
    yield from _tls(endpoint)
    yield from _plugin_secrets((), endpoint.model_extra or {})


def _headers(endpoint: EndpointKeys) -> Iterator[Complaint]:
    """A header's secret must come from a variable: the suite is copied into every kept run."""
    if isinstance(endpoint, CalledEndpoint):
        for name, text in endpoint.headers.items():
            if name.lower() in _SECRET_HEADERS and "${" not in text:
                message = "a secret must not stand in a suite; put the name of its variable into headers_env"
                yield ("headers", name), message


def _plugin_secrets(at: Keys, options: Mapping[str, Any]) -> Iterator[Complaint]:
    """The keys of a plugin's options, at any depth, that are called as secrets are and have a text of their own."""
    for key, said in options.items():
        keys = (*at, key)
        if isinstance(said, dict):
            yield from _plugin_secrets(keys, said)
        elif isinstance(said, str) and key.lower() in _SECRET_KEYS | _SECRET_HEADERS and "${" not in said:
            yield keys, "a secret must not stand in a suite; write ${VARIABLE} in its place"


def _tls(endpoint: EndpointKeys) -> Iterator[Complaint]:
    if not isinstance(endpoint, OpenAiEndpoint | HttpEndpoint) or endpoint.tls is None:
        return
    tls = endpoint.tls
    if tls.key is not None and tls.cert is None:
        yield ("tls", "key"), "a key without its certificate; name that in cert"
    if tls.ca is not None and not tls.verify:
        yield ("tls", "verify"), "false trusts whoever answers, and ca says whom to trust; take one of them out"
    url = endpoint.base_url if isinstance(endpoint, OpenAiEndpoint) else endpoint.url
    if url.startswith("http://"):
        yield ("tls",), "an http:// address has no TLS; write https://, or take tls out"


def _keys(detail: ErrorDetails, value: Value) -> Keys:
    """The path in the file: pydantic's path without the names of union members, which no file has."""
    keys: list[str | int] = []
    for index, part in enumerate(detail["loc"]):
        inside = _inside(value, part)
        if inside:
            value = inside[0]
        elif not isinstance(value, dict) or index + 1 < len(detail["loc"]) or part == "[key]":
            continue
        keys.append(part)
    return tuple(keys)


def _inside(value: Value, part: str | int) -> tuple[Value] | None:
    """What stands at `part` of a mapping or a list; None where nothing does."""
    match value, part:
        case dict(), str():
            return (value[part],) if part in value else None
        case list(), int():
            return (value[part],)
    return None


def _message(detail: ErrorDetails) -> str:
    kind, context, loc = detail["type"], detail.get("ctx", {}), detail["loc"]
    shown = _shown(detail)
    if kind == "extra_forbidden":
        return _unknown_key(loc)
    if kind == "missing":
        return f"the key {quoted(str(loc[-1]))} is missing{_what_it_is(loc)}"
    if kind == "string_pattern_mismatch":
        return f"found {shown}; wanted {WANTED[context['pattern']]}"
    if kind == "literal_error":
        return f"found {shown}; wanted {context['expected']}"
    if kind == "union_tag_invalid":
        builtin = [kind for kind in schema.KINDS if repr(kind) in str(context["expected_tags"])]
        return unknown(str(context["tag"]), [*builtin, *installed(ENDPOINTS, builtin=schema.KINDS)], what="kind")
    if kind == "union_tag_not_found":
        return _without_form(detail)
    if kind in _WANTED_BOUND:
        return f"found {shown}; wanted {_WANTED_BOUND[kind].format(**context)}"
    if kind == "string_type" and loc[:1] == ("limits",):
        return f"found {shown}; wanted {WANTED[DURATION]}"
    mend = "; put it in quotes" if kind == "string_type" and isinstance(detail["input"], int | float) else ""
    return f"found {shown}; wanted {_WANTED_TYPE.get(kind, detail['msg'])}{mend}"


def _shown(detail: ErrorDetails) -> str:
    """What was found, unless it may be a secret in the wrong place."""
    value = detail["input"]
    if not isinstance(value, str):
        return found(value)
    hidden = _NEVER_SHOWN.intersection(map(str, detail["loc"])) or "@" in value or "-----" in value
    return "a value (not shown here)" if hidden else found(value)


def _unknown_key(loc: tuple[str | int, ...]) -> str:
    key = str(loc[-1])
    if key.lower() in _SECRET_KEYS:
        return f"unknown key {quoted(key)}; a secret never stands in a suite: name its variable in api_key_env"
    return unknown(key, _fields(loc), what="key")


def _what_it_is(loc: tuple[str | int, ...]) -> str:
    """The published description of a missing key, as one more clause."""
    field = _KEYS_UNDER[_parent(loc)].model_fields.get(str(loc[-1]))
    return f"; wanted: {field.description}" if field and field.description else ""


def _fields(loc: tuple[str | int, ...]) -> list[str]:
    return list(_KEYS_UNDER[_parent(loc)].model_fields)


def _parent(loc: tuple[str | int, ...]) -> str:
    """The name of what holds the last part: the one before it that is neither a form nor a place in a list."""
    return next((part for part in reversed(loc[:-1]) if isinstance(part, str) and part != "mapping"), "")


def _without_form(detail: ErrorDetails) -> str:
    if detail["loc"][:1] == ("objectives",):
        return f"found {found(detail['input'])}; wanted text such as 'hallucination <= 5%', or a mapping with objective"
    if detail["loc"] in {(), ("endpoint",)}:
        return "the key 'kind' is missing; wanted openai, http, python or recorded"
    if detail["loc"][:1] == ("scorers",):
        return f"found {_shown(detail)}; wanted {WANTED[SCORER]}, or a list of judges as a panel"
    if detail["loc"][-1] == "concurrency":
        return f"found {found(detail['input'])}; wanted {WANTED[CONCURRENCY]}"
    if detail["loc"][-1] == "window":
        return f"found {_shown(detail)}; wanted {WANTED[WINDOW]}"
    either = detail["loc"][-1] in ("usage", "budgeting", "alerts")
    wanted = "text or a mapping" if either else "text or a list of texts"
    return f"found {_shown(detail)}; wanted {wanted}"
