"""Samples found again by where they stand in their log, so that none of them has to be held."""

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from evalslo.errors import MeasurementError
from evalslo.model.sample import Sample
from evalslo.store.codec import decode_key, decode_sample
from evalslo.store.log import locate_records, read_log

Key = tuple[str, int]
NumberOf = Callable[[str, int], int | None]


class SampleIndex:
    """Where the sample of each event stands in a `samples.jsonl`: eight bytes an event.

    Events are numbered from 0; `number_of` says which one a query and repeat is, None for one that nobody asks for. Of two
    samples of one event the first counts, as an error or an answer is final. Raises `MeasurementError` with the line of what
    is no sample.
    """

    def __init__(self, path: Path, *, events: int, number_of: NumberOf) -> None:
        self._path, self._number_of = path, number_of
        self._offsets = array("q", [-1]) * events
        self.collected = 0
        for offset, key in locate_records(path, decode=decode_key):
            number = number_of(*key)
            if number is not None and self._offsets[number] < 0:
                self._offsets[number] = offset
                self.collected += 1

    def __contains__(self, key: Key) -> bool:
        return self._offset(*key) >= 0

    def _offset(self, query_id: str, repeat: int) -> int:
        """Where the sample of an event begins; -1 where it has none."""
        number = self._number_of(query_id, repeat)
        return -1 if number is None else self._offsets[number]

    def samples(self, keys: Iterable[Key]) -> Iterator[Sample]:
        """The samples of those of the events `keys` that have one, in the order of the keys."""
        if not self.collected:
            return
        try:
            with self._path.open("rb") as file:
                for key in keys:
                    if (offset := self._offset(*key)) >= 0:
                        yield self._read(file, offset)
        except OSError as fault:
            raise MeasurementError(f"{self._path}: cannot be read: {fault.strerror}") from fault

    def _read(self, file: BinaryIO, offset: int) -> Sample:
        file.seek(offset)
        try:
            return decode_sample(file.readline())
        except MeasurementError:
            deque(read_log(self._path, decode=decode_sample), maxlen=0)  # raises with the line, and how to mend it
            raise
