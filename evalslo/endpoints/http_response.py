"""One response of a server as it came over the wire, every piece of its body with the time at which it came."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping

from msgspec import Struct

from evalslo.model.sample import CallError


class HttpResponse(Struct, frozen=True, kw_only=True):
    """A response, or as much of it as came. `headers` has lower-case names; of a repeated one the first stands.

    The first `ends[i]` bytes of `body` had come at `stamps[i]`, the head at `head_at`, by `time.perf_counter`; the request
    was written at `sent_at`. `cut` says why the body ended before its end; None where it is whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    ends: "array[int]"
    stamps: "array[float]"
    sent_at: float
    head_at: float
    cut: CallError | None = None

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; "" where the server named none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def last_s(self) -> float:
        """When the last byte of the body came, in seconds since the request was written; of an empty body, the head."""
        return (self.stamps[-1] if self.stamps else self.head_at) - self.sent_at

    def byte_s(self, end: int) -> float:
        """When the first `end` bytes of the body had come, in seconds since the request was written; 1 <= `end`."""
        return self.stamps[bisect_left(self.ends, end)] - self.sent_at
