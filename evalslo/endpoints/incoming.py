"""One response while it comes in: its framing, its bounds, and the time of every piece."""

import re
from array import array
from collections.abc import Callable

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from evalslo.endpoints.attempt import (
    MAX_HEAD_BYTES,
    MAX_HEADER_LINES,
    MAX_RESPONSE_BYTES,
    malformed,
    too_large,
    too_large_head,
    too_large_told,
)
from evalslo.endpoints.held import OWN_BYTES, Held, too_much_at_once
from evalslo.endpoints.http_response import HttpResponse
from evalslo.model.sample import CallError

_LENGTH_DIGITS = len(str(MAX_RESPONSE_BYTES))
_MAX_WIRE_BYTES = 2 * MAX_RESPONSE_BYTES  # chunk sizes, trailers and interim responses are no part of a body, yet come
_MAX_FRAMING_BYTES = 2 * MAX_HEAD_BYTES
_MOST_WIRE_PER_BYTE = 16  # a chunk of one byte takes six on the wire
_DONE = re.compile(rb"(?:\A|[\r\n])data:[ \t]*\[DONE\][ \t]*(?:[\r\n]|\Z)")
_LONGEST_BEFORE_DONE = 16  # `\ndata: ` and what a cut between two reads could have left of `[DONE]`


class Incoming:
    """One response. It is fed what came, and does no more with it than framing needs: reading is for after its end.

    `whole`: its last byte came. `fault`: it cannot be, or must not be, read further. `enough`: of an error page as much came
    as a message could quote. `said_done`: an event stream said [DONE]. `keep_alive`: another response may follow. `read_at`:
    when the loop came to the last bytes, which may have arrived before; None: nothing came. What it has beyond `OWN_BYTES` is
    taken from `held`, until it is closed.
    """

    __slots__ = (
        "_head_bytes",
        "_held",
        "_interim",
        "_limit",
        "_parser",
        "_raw_headers",
        "_size",
        "_stamped",
        "body",
        "ends",
        "enough",
        "fault",
        "head_at",
        "headers",
        "keep_alive",
        "on_body",
        "read_at",
        "said_done",
        "sent_at",
        "stamps",
        "status",
        "streams",
        "whole",
    )

    def __init__(self, *, sent_at: float, held: Held) -> None:
        self.sent_at = sent_at
        self.head_at = sent_at
        self.read_at: float | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ends = array("L")
        self.stamps = array("d")
        self.whole = self.enough = self.said_done = self.streams = self.keep_alive = False
        self.fault: CallError | None = None
        self.on_body: Callable[[bytes], None] = self.body.extend
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = self._size = self._stamped = 0
        self._held = held
        self._limit = OWN_BYTES
        self._interim = False
        self._parser: HttpResponseParser | None = _parser_of(self)

    def feed(self, data: bytes, *, at: float) -> bool:
        """Whether it is over with `data`, which came `at` this time: whole, enough, or at fault."""
        self._size += len(data)
        self._parse(data, at)
        if len(self.body) != self._stamped:
            self._stamp(at)
        return self.whole or self.fault is not None or self._exceeds()

    def end(self, *, cleanly: bool, cut: CallError) -> None:
        """Nothing; the connection has ended, and with it a body that ends with its connection. `cut` says so elsewhere."""
        framed = "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()
        if cleanly and self.status and not framed:
            self.whole = True
        elif self.fault is None:
            self.fault = cut

    def close(self) -> None:
        """Nothing; it is fed no more. It and its parser hold one another: else neither would go before the next collection."""
        self._parser = None
        if self._limit > OWN_BYTES:
            self._held.give_back(self._limit - OWN_BYTES)
            self._limit = OWN_BYTES

    def response(self) -> HttpResponse:
        """What came of it, once its head did."""
        return HttpResponse(
            status=self.status,
            headers=self.headers,
            body=bytes(self.body),
            ends=self.ends,
            stamps=self.stamps,
            sent_at=self.sent_at,
            head_at=self.head_at,
            cut=None if self.whole or self.said_done else self.fault,
        )

    def on_message_begin(self) -> None:
        """The parser's: a first byte came."""
        if self.whole:
            raise ValueError("bytes after the end of the response")

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's: a header, or a trailer, came. Raises over the bounds, which ends the parsing."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES or len(self._raw_headers) == MAX_HEADER_LINES:
            self.fault = too_large_head()
            raise ValueError("headers over the bound")
        self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The parser's: the head came, of the response or of an interim one before it."""
        status = self._parser.get_status_code() if self._parser else 0
        if status < 200 and status != 101:
            self._interim = True
            self._raw_headers.clear()
            return
        self.status = status
        for name, value in self._raw_headers:
            self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        self.streams = self.headers.get("content-type", "").lstrip()[:17].lower() == "text/event-stream"
        length = self.headers.get("content-length", "")
        if len(length) >= _LENGTH_DIGITS and 200 <= status < 300 and int(length) > MAX_RESPONSE_BYTES:
            self.fault = too_large_told(int(length))
            raise ValueError("a body over the bound")

    def on_message_complete(self) -> None:
        """The parser's: the last byte came."""
        if self._interim:
            self._interim = False
            return
        self.whole = True
        self.keep_alive = self._parser is not None and self._parser.should_keep_alive()

    def _parse(self, data: bytes, at: float) -> None:
        if self._parser is None:
            return
        head_came = bool(self.status)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.keep_alive = False
            if not self.whole and self.fault is None:
                self.fault = malformed(f"not HTTP: {error}").error
        if self.status == 101:
            self.whole, self.status = False, 0
            self.fault = malformed("HTTP 101: nobody asked for another protocol", status=101).error
        if self.status and not head_came:
            self.head_at = at

    def _stamp(self, at: float) -> None:
        start, self._stamped = self._stamped, len(self.body)
        self.ends.append(self._stamped)
        self.stamps.append(at)
        if self.streams and not self.said_done:
            found = self.body.find(b"[DONE]", max(0, start - _LONGEST_BEFORE_DONE))
            self.said_done = found >= 0 and _DONE.search(self.body, max(0, found - _LONGEST_BEFORE_DONE)) is not None

    def _exceeds(self) -> bool:
        """Whether it is over one of its bounds, and so over."""
        if not self.status:
            if self._size > MAX_HEAD_BYTES:
                self.fault = too_large_head()
        elif len(self.body) > self._limit and not self._may_grow():
            self.enough = self.fault is None
        elif self._size > min(_MAX_WIRE_BYTES, _MAX_FRAMING_BYTES + _MOST_WIRE_PER_BYTE * len(self.body)):
            self.fault = too_large().error
        return self.enough or self.fault is not None

    def _may_grow(self) -> bool:
        """Whether a body over its limit may have more; a page of an error has enough then, anything else is at fault."""
        if not 200 <= self.status < 300:
            return False
        if len(self.body) > MAX_RESPONSE_BYTES:
            self.fault = too_large().error
            return False
        more = len(self.body) + OWN_BYTES - self._limit
        if not self._held.take(more):
            self.fault = too_much_at_once()
            return False
        self._limit += more
        return True


def _parser_of(incoming: Incoming) -> HttpResponseParser:
    """A parser as lenient about white space as other clients are; nobody shares the connection, so that harms nobody."""
    parser = HttpResponseParser(incoming)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser
