"""Server-sent events, read as bytes as they come."""

from dataclasses import dataclass, field

_FIELDS = frozenset({b"data", b"event", b"id", b"retry"})
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class EventParser:
    """A parser that grows with the stream. `strange` is the first line that no event stream has, None without one.

    Source: WHATWG HTML, section 9.2.6. Only `data` is read; a character cut between two chunks stays whole.
    """

    strange: bytes | None = None
    _line: list[bytes] = field(default_factory=list)
    _data: list[bytes] = field(default_factory=list)
    _after_cr: bool = False
    _fresh: bool = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completes, in order."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the other half of a CRLF; the line ended with the CR
        self._after_cr = chunk.endswith(b"\r")
        events = []
        for piece in chunk.splitlines(keepends=True):
            self._line.append(piece)
            if piece.endswith((b"\n", b"\r")):
                event = self._end_line()
                if event is not None:
                    events.append(event)
        return events

    def rest(self) -> bytes | None:
        """The data of the event that the end of the stream left open; None without one."""
        if self._line:
            self._end_line()
        return b"\n".join(self._data) if self._data else None

    def _end_line(self) -> bytes | None:
        line = b"".join(self._line).rstrip(b"\r\n")
        self._line.clear()
        if self._fresh:
            line = line.removeprefix(_BOM)
            self._fresh = False
        if line:
            self._take(line)
            return None
        event = b"\n".join(self._data) if self._data else None
        self._data.clear()
        return event

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name and name not in _FIELDS and self.strange is None:
            self.strange = line
