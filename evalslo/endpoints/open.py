"""An endpoint from what the suite says of it; each kind imports its libraries only when it is opened."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalslo.endpoints.access import Access, read_access
from evalslo.endpoints.options import expand, expand_all, mapping, only_known, required_text
from evalslo.endpoints.redact import secrets_in
from evalslo.errors import UsageError
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import Sample
from evalslo.model.suite import EndpointSpec

__all__ = ["KINDS", "expand", "open_endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What every kind is opened with. `options` are the spec's with their variables expanded."""

    spec: EndpointSpec
    options: Mapping[str, Any]
    environ: Mapping[str, str]
    folder: Path
    timeout_s: float
    samples: Callable[[Path], Iterable[Sample]]

    def access(self, url: str, *, place: str) -> Access:
        """How to reach `url`."""
        return read_access(
            url,
            place=place,
            written=self.spec.options,
            options=self.options,
            environ=self.environ,
            timeout_s=self.timeout_s,
        )

    def recorded(self) -> dict[str, Any]:
        """The fingerprint: what the suite wrote, with digests for prompts; variables unexpanded, no key's name."""
        digests = {f"{key}_digest": _digest(self.spec.options[key]) for key in _PROMPTS if self.spec.options.get(key)}
        written = {key: item for key, item in self.spec.options.items() if key not in (*_PROMPTS, "api_key_env")}
        return {"kind": self.spec.kind, **written, **digests}


_PROMPTS = ("prompt", "system")


def open_endpoint(
    spec: EndpointSpec,
    *,
    environ: Mapping[str, str],
    folder: Path,
    timeout_s: float,
    samples: Callable[[Path], Iterable[Sample]],
) -> Endpoint:
    """The endpoint that `spec` names, ready for `async with`; nothing has been called yet.

    `folder` is what relative paths start from, `samples` reads the samples of a kept run. Raises UsageError for an option
    that is missing, unknown or of the wrong form, for a variable that is not set, and for a target that cannot be imported.
    """
    opener = _OPENERS.get(spec.kind)
    if opener is None:
        raise UsageError(f"endpoint.kind: unknown kind {spec.kind!r}; known: {', '.join(KINDS)}")
    options = {key: expand_all(value, environ, place=f"endpoint.{key}") for key, value in spec.options.items()}
    return opener(
        Opening(spec=spec, options=options, environ=environ, folder=folder, timeout_s=timeout_s, samples=samples)
    )


def _open_openai(opening: Opening) -> Endpoint:
    from evalslo.endpoints.asking import completions_url, read_asking
    from evalslo.endpoints.openai import OpenAIEndpoint

    return OpenAIEndpoint(
        read_asking(opening.options),
        access=opening.access(completions_url(opening.options), place="endpoint.base_url"),
        price=opening.spec.price,
        recorded=opening.recorded(),
    )


def _open_http(opening: Opening) -> Endpoint:
    from evalslo.endpoints.http import HttpEndpoint, read_body, read_method
    from evalslo.endpoints.reading import read_reading

    url = required_text(opening.options, "url", wanted="the address of the application, http://host:port/path")
    return HttpEndpoint(
        opening.access(url, place="endpoint.url"),
        method=read_method(opening.options),
        body=read_body(opening.options),
        reading=read_reading(opening.options),
        price=opening.spec.price,
        recorded=opening.recorded(),
    )


def _open_python(opening: Opening) -> Endpoint:
    from evalslo.endpoints.python import PythonEndpoint
    from evalslo.endpoints.target import WANTED, import_target, source_digest

    only_known(opening.options, {"target", "params"}, kind="python")
    target = required_text(opening.options, "target", wanted=WANTED)
    params = mapping(opening.options, "params", wanted="a mapping of keyword arguments")
    function = import_target(target, folder=opening.folder, place="endpoint.target")
    return PythonEndpoint(
        function,
        params=params,
        timeout_s=opening.timeout_s,
        secrets=secrets_in(opening.environ),
        price=opening.spec.price,
        recorded={**opening.recorded(), "code": source_digest(function)},
    )


def _open_recorded(opening: Opening) -> Endpoint:
    from evalslo.endpoints.recorded import RecordedEndpoint

    only_known(opening.options, {"path"}, kind="recorded")
    path = required_text(opening.options, "path", wanted="the samples.jsonl of a kept run")
    return RecordedEndpoint(opening.samples(opening.folder / path), opening.spec.options["path"])


def _digest(text: object) -> str:
    return f"sha256:{hashlib.sha256(str(text).encode('utf-8', 'backslashreplace')).hexdigest()}"


_OPENERS: Mapping[str, Callable[[Opening], Endpoint]] = {
    "http": _open_http,
    "openai": _open_openai,
    "python": _open_python,
    "recorded": _open_recorded,
}
KINDS = tuple(_OPENERS)
