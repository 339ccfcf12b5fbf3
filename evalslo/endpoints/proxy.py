"""The proxy that the environment names for an address, or that none is."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from evalslo.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy. `authorization` is the value of its header, None where the address has no user; a secret."""

    name: str
    port: int
    tls: bool
    authorization: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` name for `url`; None: go straight.

    This machine's own loopback is never reached through a proxy. Raises UsageError for a proxy that is none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = {name.lower(): value for name, value in sorted(environ.items()) if value}  # lower case sorts last and wins
    port = parts.port or (443 if parts.scheme == "https" else 80)
    exempt = [entry.strip().lower() for entry in named.get("no_proxy", "").split(",")]
    if is_loopback(host) or any(_covers(entry, host, port=port) for entry in exempt if entry):
        return None
    proxy = named.get(f"{parts.scheme}_proxy") or named.get("all_proxy")
    return None if proxy is None else _read_proxy(proxy)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its name or its address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _covers(entry: str, host: str, *, port: int) -> bool:
    """Whether `entry` of no_proxy means `host`: `*`, a name with all below it, an address, a network; with `:port` or not."""
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in(host, entry)
    name, colon, only = entry.rpartition(":")
    if colon and only.isdecimal() and (":" not in name or name.endswith("]")):
        if int(only) != port:
            return False
        entry = name
    name = entry.strip("[]").removeprefix("*").lstrip(".")
    return host == name or host.endswith(f".{name}")


def _is_in(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _read_proxy(proxy: str) -> Proxy:
    address = proxy if "://" in proxy else f"http://{proxy}"
    scheme = address.partition("://")[0].lower()
    if scheme not in ("http", "https"):
        raise UsageError(
            f"the proxy in the environment is of kind {scheme!r}; wanted http://host:port, or set no_proxy"
        )
    try:
        parts = urlsplit(address)
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if not name:
        raise UsageError("the proxy in the environment is no address; wanted http://host:port, or set no_proxy")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Proxy(
        name=name,
        port=port or (443 if scheme == "https" else 80),
        tls=scheme == "https",
        authorization=f"Basic {token}" if user or password else None,
        secrets=(user, password, token) if user or password else (),
    )
