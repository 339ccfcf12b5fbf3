"""Server-sent events, read from a stream that has come to its end, or from as much of it as came."""

import re
from collections.abc import Iterator

_FIELDS = frozenset({b"data", b"event", b"id", b"retry"})
_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r)?")


class Events:
    """The events of a stream, one after the other: the data of each, and the number of bytes after which it was complete.

    After the last one `rest` is the data of the event that the end left open, None without one, and `strange` the first line
    that no event stream has. Source: WHATWG HTML, section 9.2.6. Only `data` is read.
    """

    __slots__ = ("_stream", "rest", "strange")

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self.rest: bytes | None = None
        self.strange: bytes | None = None

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        data: list[bytes] = []
        for match in _LINE.finditer(self._stream, len(_BOM) if self._stream.startswith(_BOM) else 0):
            line, end = match.groups()
            if line:
                self._take(line, data)
            elif end is not None and data:
                yield data[0] if len(data) == 1 else b"\n".join(data), match.end()
                data.clear()
        self.rest = b"\n".join(data) if data else None

    def _take(self, line: bytes, data: list[bytes]) -> None:
        if line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            data.append(b"")
        elif self.strange is None:
            name = line.partition(b":")[0]
            self.strange = line if name and name not in _FIELDS else None
