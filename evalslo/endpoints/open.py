"""An endpoint from what the suite says of it; each kind imports its libraries only when it is opened."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from evalslo.endpoints.access import KEY_HEADERS, PROMPTS, Access, read_access
from evalslo.endpoints.options import expand_all, required_text, variables_in
from evalslo.endpoints.redact import is_secret_name, secrets_in
from evalslo.errors import UsageError
from evalslo.installed import ENDPOINTS, Plugin, installed
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import Sample
from evalslo.model.suite import EndpointSpec, Timeouts

_SHORT_DIGEST_CHARS = len("sha256:") + 16
_EXPANDED = ("model", "target", "path")
_NAMES_OF_KEYS = ("api_key_env", "headers_env")


class Opening(Struct, frozen=True, kw_only=True):
    """What every kind is opened with. `options` are the spec's with their variables expanded."""

    spec: EndpointSpec
    options: Mapping[str, Any]
    environ: Mapping[str, str]
    folder: Path
    timeouts: Timeouts
    samples: Callable[[Path], Iterable[Sample]]

    def access(self, url: str, *, place: str) -> Access:
        """How to reach `url`."""
        return read_access(
            url,
            place=place,
            written=self.spec.options,
            options=self.options,
            environ=self.environ,
            folder=self.folder,
            timeouts=self.timeouts,
        )

    def recorded(self) -> dict[str, Any]:
        """The fingerprint: what the suite wrote, expanded where it names what is called, with digests for prompts.

        `variables` has a short digest of each other variable that can change an answer. A key is in none of it.
        """
        written = {key: item for key, item in self.spec.options.items() if key not in (*PROMPTS, "api_key_env")}
        named = {key: _encodable(self.options[key]) for key in _EXPANDED if key in written}
        digests = {f"{key}_digest": _digest(self.spec.options[key]) for key in PROMPTS if self.spec.options.get(key)}
        names = sorted(name for name in _recorded_variables(self.spec.options) if self.environ.get(name))
        variables = {name: _digest(self.environ[name])[:_SHORT_DIGEST_CHARS] for name in names}
        recorded = {"kind": self.spec.kind, **written, **named, **digests}
        return recorded | {"variables": variables} if variables else recorded

    def recorded_as_written(self) -> dict[str, Any]:
        """The fingerprint of options that evalslo does not know: as the suite wrote them, with digests for variables.

        A variable whose name says that it is a secret is left out: a new key is the same endpoint.
        """
        names = sorted(name for name in variables_in(self.spec.options) if not is_secret_name(name))
        variables = {name: _digest(self.environ[name])[:_SHORT_DIGEST_CHARS] for name in names if name in self.environ}
        return {"kind": self.spec.kind, "options": self.spec.options, "variables": variables}


def open_endpoint(
    spec: EndpointSpec,
    *,
    environ: Mapping[str, str],
    folder: Path,
    timeouts: Timeouts,
    samples: Callable[[Path], Iterable[Sample]],
) -> Endpoint:
    """The endpoint that `spec` names, ready for `async with`; nothing has been called yet.

    `folder` is what relative paths start from, `samples` reads the samples of a kept run. Raises UsageError for an option
    that is missing or of the wrong form, for a variable that is not set, and for a target that cannot be imported.
    """
    opener = _OPENERS.get(spec.kind) or _plugin_opener(spec.kind)
    options = {key: expand_all(value, environ, place=f"endpoint.{key}") for key, value in spec.options.items()}
    return opener(
        Opening(spec=spec, options=options, environ=environ, folder=folder, timeouts=timeouts, samples=samples)
    )


def _open_openai(opening: Opening) -> Endpoint:
    from evalslo.endpoints.openai import completions_url, openai_endpoint, read_chat

    return openai_endpoint(
        read_chat(opening.options),
        access=opening.access(completions_url(opening.options), place="endpoint.base_url"),
        price=opening.spec.price,
        recorded=opening.recorded(),
    )


def _open_http(opening: Opening) -> Endpoint:
    from evalslo.endpoints.http import http_endpoint, read_application

    url = required_text(opening.options, "url", wanted="the address of the application, http://host:port/path")
    return http_endpoint(
        read_application(opening.options),
        access=opening.access(url, place="endpoint.url"),
        price=opening.spec.price,
        recorded=opening.recorded(),
    )


def _open_python(opening: Opening) -> Endpoint:
    from evalslo.endpoints.python import PythonEndpoint
    from evalslo.endpoints.target import WANTED, import_target, source_digest

    target = required_text(opening.options, "target", wanted=WANTED)
    function = import_target(target, folder=opening.folder, place="endpoint.target")
    return PythonEndpoint(
        function,
        params=opening.options.get("params") or {},
        timeouts=opening.timeouts,
        secrets=secrets_in(opening.environ),
        price=opening.spec.price,
        recorded={**opening.recorded(), "code": source_digest(function)},
    )


def _open_recorded(opening: Opening) -> Endpoint:
    from evalslo.endpoints.recorded import RecordedEndpoint

    path = required_text(opening.options, "path", wanted="the samples.jsonl of a kept run")
    return RecordedEndpoint(opening.samples(opening.folder / path), recorded=opening.recorded())


def _plugin_opener(kind: str) -> Callable[[Opening], Endpoint]:
    """What opens a kind of another package. Raises UsageError where no package has it."""
    plugins = installed(ENDPOINTS, builtin=KINDS)
    plugin = plugins.get(kind)
    if plugin is None:
        known = ", ".join((*KINDS, *plugins))
        raise UsageError(f"endpoint.kind: unknown kind {kind!r:.80}; known: {known}")
    return partial(_open_plugin, plugin=plugin)


def _open_plugin(opening: Opening, *, plugin: Plugin) -> Endpoint:
    from evalslo.endpoints.plugin import plugin_endpoint

    return plugin_endpoint(
        plugin,
        options=opening.options,
        environ=opening.environ,
        folder=opening.folder,
        timeouts=opening.timeouts,
        price=opening.spec.price,
        recorded=opening.recorded_as_written(),
    )


def _recorded_variables(written: Mapping[str, Any]) -> frozenset[str]:
    """The variables of what is recorded as written; a key's is not among them, for a new key is the same endpoint."""
    headers = {name: text for name, text in (written.get("headers") or {}).items() if name.lower() not in KEY_HEADERS}
    rest = {key: item for key, item in written.items() if key not in ("headers", *_NAMES_OF_KEYS, *_EXPANDED)}
    return variables_in(headers) | variables_in(rest) | _open_names(written)


def _open_names(written: Mapping[str, Any]) -> frozenset[str]:
    """The variables of `headers_env` that say something else than a key, as a tenant: another is another endpoint."""
    named: Mapping[str, str] = written.get("headers_env") or {}
    keys = {name for header, name in named.items() if header.lower() in KEY_HEADERS or is_secret_name(header)}
    return frozenset(name for name in named.values() if not is_secret_name(name)) - keys - {written.get("api_key_env")}


def _encodable(text: object) -> str:
    return str(text).encode("utf-8", "backslashreplace").decode()


def _digest(text: object) -> str:
    return f"sha256:{hashlib.sha256(str(text).encode('utf-8', 'surrogatepass')).hexdigest()}"


_OPENERS: Mapping[str, Callable[[Opening], Endpoint]] = {
    "http": _open_http,
    "openai": _open_openai,
    "python": _open_python,
    "recorded": _open_recorded,
}
KINDS = tuple(_OPENERS)
