"""A body that a server compressed though it was asked not to, made plain again within the bound."""

import zlib
from array import array
from collections.abc import Callable

from msgspec.structs import replace

from evalslo.endpoints.attempt import MAX_RESPONSE_BYTES, malformed, too_large
from evalslo.endpoints.http_response import HttpResponse

_GZIP = 16 + zlib.MAX_WBITS


def decoded(response: HttpResponse) -> HttpResponse:
    """The response with its body plain; every piece keeps the time at which it came.

    Raises CallFailed for another coding than gzip and deflate, for a body that is not of its coding, and over the bound,
    before memory grows beyond it.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return response
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise malformed(f"the body is in the coding {coding!r}; evalslo asked for none", status=response.status)
    inflate = zlib.decompressobj(_GZIP if coding != "deflate" else _deflate_bits(response.body)).decompress
    try:
        return _inflated(response, inflate)
    except zlib.error as error:
        raise malformed(f"the body is not {coding}: {error}", status=response.status) from error


def _inflated(response: HttpResponse, inflate: Callable[[bytes, int], bytes]) -> HttpResponse:
    plain, ends, start = bytearray(), array("L"), 0
    for end in response.ends:
        plain += inflate(response.body[start:end], MAX_RESPONSE_BYTES + 1 - len(plain))
        if len(plain) > MAX_RESPONSE_BYTES:
            raise too_large()
        ends.append(len(plain))
        start = end
    return replace(response, body=bytes(plain), ends=ends)


def _deflate_bits(body: bytes) -> int:
    """With zlib's two bytes in front, as the standard has it, or without, as some servers do."""
    wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
