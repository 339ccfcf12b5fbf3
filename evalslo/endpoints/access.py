"""How to reach a server: its address, the headers with their secrets, and the proxy on the way."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from evalslo.endpoints.options import variables_in
from evalslo.endpoints.proxy import Proxy, proxy_for
from evalslo.endpoints.tls import tls_context, verifies
from evalslo.errors import UnsetVariableError, UsageError
from evalslo.model.suite import Timeouts

if TYPE_CHECKING:
    import ssl

PROMPTS = ("prompt", "system")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
KEY_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key"})
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where calls go. `host` is what messages may name: host and port, never user, path or query.

    `secrets` are kept out of messages and answers; `told`, the variables of the prompts, out of messages only. `credential`
    is a digest of what the server knows its caller by; `key` says for messages which key that is, "" where nobody can tell.
    `tls` None: plain text. `verified` False: any certificate will do.
    """

    url: str
    host: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    told: tuple[str, ...] = field(repr=False)
    credential: str = field(repr=False)
    key: str
    timeouts: Timeouts
    proxy: Proxy | None = None
    tls: "ssl.SSLContext | None" = field(default=None, repr=False)
    proxy_tls: "ssl.SSLContext | None" = field(default=None, repr=False)
    verified: bool = True


def read_access(
    url: str,
    *,
    place: str,
    written: Mapping[str, Any],
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path,
    timeouts: Timeouts,
) -> Access:
    """The access that `options` describe; `written` are the same options before their variables were expanded.

    Raises UsageError for an address that is none, a header that is none, a variable that is not set, a certificate that cannot
    be read.
    """
    host = _read_host(url, place=place)
    proxy, tls = proxy_for(url, environ), dict(options.get("tls") or {})
    is_encrypted = urlsplit(url).scheme == "https"
    hidden = _hidden_headers(options, environ)
    headers = {"User-Agent": "evalslo", **_open_headers(written, options), **hidden}
    query = [value for _, value in parse_qsl(urlsplit(url).query)]
    model = variables_in(written.get("model"))  # a model's name is no secret
    told = variables_in([written.get(key) for key in PROMPTS]) - model
    others = variables_in([text for key, text in written.items() if key not in PROMPTS]) - model
    known_by = [*hidden.items(), *((name, value) for name, value in headers.items() if name.lower() in KEY_HEADERS)]
    return Access(
        url=url,
        host=host,
        headers=headers,
        secrets=(
            *hidden.values(),
            *_values(others, environ, host=host),
            *query,
            *(proxy.secrets if proxy is not None else ()),
        ),
        told=_values(told, environ, host=host),
        credential=hashlib.sha256(repr([sorted(known_by), query]).encode("utf-8", "surrogatepass")).hexdigest(),
        key=_key(options, may_be_known=bool(known_by or query or tls.get("cert"))),
        timeouts=timeouts,
        proxy=proxy,
        tls=tls_context(tls, environ=environ, folder=folder) if is_encrypted else None,
        # what the suite says of TLS is for its server: nobody else is shown its certificate, or trusted unverified
        proxy_tls=tls_context({}, environ=environ, folder=folder) if proxy is not None and proxy.tls else None,
        verified=not is_encrypted or verifies(tls),
    )


def _key(options: Mapping[str, Any], *, may_be_known: bool) -> str:
    """The variables of the key that is sent, never its value."""
    named = options.get("api_key_env")
    names = [named] if named is not None else (options.get("headers_env") or {}).values()
    if names:
        return f"with the key of {', '.join(f'${name}' for name in names)}"
    return "" if may_be_known else "no key was sent (endpoint.api_key_env)"


def _values(names: Collection[str], environ: Mapping[str, str], *, host: str) -> tuple[str, ...]:
    """The values of the variables `names`: of an address what follows its host, and nothing that names the host."""
    parts: list[str] = []
    for name in names:
        value = environ.get(name, "")
        _, is_address, path = value.partition(f"//{host}")
        parts += re.split(r"[/?&=#]", path) if is_address else [value]
    return tuple(part for part in parts if part not in host)


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
    if name.lower() in _OURS:
        raise UsageError(f"{place}: {name} says how a message is sent, which evalslo does itself; take it out")
    if not _TOKEN.fullmatch(name):
        raise UsageError(f"{place}: {name[:40]!r} is no name of an HTTP header")
    return name
