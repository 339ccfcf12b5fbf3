"""How to reach a server: its address, the headers with their secrets, and the proxy on the way."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from evalslo.endpoints.options import variables_in
from evalslo.errors import UnsetVariableError, UsageError

PROMPTS = ("prompt", "system")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
KEY_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key"})
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where calls go. `host` is what messages may name: host and port, never user, path or query.

    `secrets` are kept out of messages and answers; `told`, the variables of the prompts, out of messages only.
    """

    url: str
    host: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    told: tuple[str, ...] = field(repr=False)
    proxy: str | None = field(repr=False)
    timeout_s: float


def read_access(
    url: str,
    *,
    place: str,
    written: Mapping[str, Any],
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    timeout_s: float,
) -> Access:
    """The access that `options` describe; `written` are the same options before their variables were expanded.

    Raises UsageError for an address that is none, a header that is none, and a variable that is not set.
    """
    host = _read_host(url, place=place)
    hidden = _hidden_headers(options, environ)
    query = [value for _, value in parse_qsl(urlsplit(url).query)]
    model = variables_in(written.get("model"))  # a model's name is no secret
    told = variables_in([written.get(key) for key in PROMPTS]) - model
    others = variables_in([text for key, text in written.items() if key not in PROMPTS]) - model
    return Access(
        url=url,
        host=host,
        headers={"User-Agent": "evalslo", **_open_headers(written, options), **hidden},
        secrets=(*hidden.values(), *_values(others, environ, host=host), *query),
        told=_values(told, environ, host=host),
        proxy=proxy_for(url, environ),
        timeout_s=timeout_s,
    )


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` name for `url`; None: go straight.

    This machine's own loopback is never reached through a proxy.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = {name.lower(): value for name, value in sorted(environ.items()) if value}  # lower case sorts last and wins
    exempt = [name.strip().lstrip(".").lower() for name in named.get("no_proxy", "").split(",")]
    if _LOOPBACK.fullmatch(host) or "*" in exempt:
        return None
    if any(host == name or host.endswith(f".{name}") for name in exempt if name):
        return None
    proxy = named.get(f"{parts.scheme}_proxy") or named.get("all_proxy")
    return None if proxy is None else _read_proxy(proxy)


def _values(names: Collection[str], environ: Mapping[str, str], *, host: str) -> tuple[str, ...]:
    """The values of the variables `names`: of an address what follows its host, and nothing that names the host."""
    parts: list[str] = []
    for name in names:
        value = environ.get(name, "")
        _, is_address, path = value.partition(f"//{host}")
        parts += re.split(r"[/?&=#]", path) if is_address else [value]
    return tuple(part for part in parts if part not in host)


def _read_proxy(proxy: str) -> str:
    address = proxy if "://" in proxy else f"http://{proxy}"
    if not address.lower().startswith(("http://", "https://")):
        scheme = address.partition("://")[0]
        raise UsageError(
            f"the proxy in the environment is of kind {scheme!r}; wanted http://host:port, or set no_proxy"
        )
    return address


def _read_host(url: str, *, place: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{place}: not an address; wanted http://host:port/path, port a number") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{place}: not an address; wanted http://host:port/path or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{place}: it holds a user or password; put them in a variable and name it in headers_env")
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _hidden_headers(options: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """The headers whose values are secrets, taken from the environment."""
    headers = {
        _header_name(header, place="endpoint.headers_env"): _secret(
            name, environ, place=f"endpoint.headers_env.{header}"
        )
        for header, name in (options.get("headers_env") or {}).items()
    }
    key = options.get("api_key_env")
    if key is not None:
        headers["Authorization"] = f"Bearer {_secret(key, environ, place='endpoint.api_key_env')}"
    return headers


def _secret(name: str, environ: Mapping[str, str], *, place: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"{place}: not the name of an environment variable; a key itself does not belong into a suite")
    value = environ.get(name, "").strip()
    if not value:
        raise UnsetVariableError(f"{place}: the environment variable {name} is not set or empty; set it")
    if not value.isprintable() or not value.isascii():
        raise UsageError(f"{place}: the value of {name} has characters that no HTTP header can carry; set it again")
    return value


def _open_headers(written: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, str]:
    """The headers that stand in the suite itself; a key among them is a fault."""
    headers = {}
    for name, value in (options.get("headers") or {}).items():
        place = f"endpoint.headers.{_header_name(name, place='endpoint.headers')}"
        if name.lower() in KEY_HEADERS and not variables_in(written["headers"][name]):
            raise UsageError(f"{place}: a key does not belong into a suite; put it in a variable, named in headers_env")
        if not value.isprintable() or not value.isascii():
            raise UsageError(f"{place}: it has characters that no HTTP header can carry; wanted one line of ASCII text")
        headers[name] = value
    return headers


def _header_name(name: str, *, place: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise UsageError(f"{place}: {name[:40]!r} is no name of an HTTP header")
    return name
