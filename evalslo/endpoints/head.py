"""The bytes of a request: what is the same for every call of an endpoint is built once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit

from evalslo.endpoints.access import Access

_PATH = "/%:@!$&'()*+,;=~"
_QUERY = f"{_PATH}?"
_VALUE = "/?:@!$'()*,~"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What surrounds the query and the body of each request."""

    start: bytes
    has_query: bool
    rest: bytes = field(repr=False)

    def request(self, body: bytes | None, *, query: Mapping[str, str] | None = None) -> bytes:
        """The whole request; `query` is added to the address's own."""
        if body is None:
            added = quoted_query(query or {})
            mark = "" if not added else "&" if self.has_query else "?"
            return b"%b%b%b\r\n" % (self.start, f"{mark}{added}".encode(), self.rest)
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (self.start, self.rest, len(body), body)


def head_for(access: Access, method: str) -> Head:
    """The head of every request to `access`. Through a proxy without a tunnel the address is written whole."""
    parts = urlsplit(access.url)
    query = f"?{_quoted(parts.query, _QUERY)}" if parts.query else ""
    target = f"{_quoted(parts.path, _PATH) or '/'}{query}"
    headers = {"Host": host_header(parts), "Accept-Encoding": "identity"}  # compression holds tokens back
    if method != "GET":
        headers["Content-Type"] = "application/json"
    if access.proxy is not None and access.tls is None:
        target = f"http://{headers['Host']}{target}"
        if access.proxy.authorization is not None:
            headers["Proxy-Authorization"] = access.proxy.authorization
    own = {name.lower() for name in access.headers}
    lines = {name: value for name, value in headers.items() if name.lower() not in own} | dict(access.headers)
    rest = "\r\n".join([" HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), ""])
    return Head(start=f"{method} {target}".encode("ascii"), has_query=bool(query), rest=rest.encode("ascii"))


def host_header(parts: SplitResult) -> str:
    """The host of an address as a request names it: with its port where that is not the scheme's own."""
    name = ascii_name(parts.hostname or "")
    host = f"[{name}]" if ":" in name else name
    return host if parts.port in (None, _PORTS[parts.scheme]) else f"{host}:{parts.port}"


def ascii_name(name: str) -> str:
    """The name of a host as the name service has it. Raises UnicodeError for a name that it cannot have."""
    return name if name.isascii() else name.encode("idna").decode("ascii")


def quoted_query(query: Mapping[str, str]) -> str:
    """`query` as it stands in an address."""
    return "&".join(f"{_quoted(key, _VALUE)}={_quoted(value, _VALUE)}" for key, value in query.items())


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogatepass")
