"""An endpoint that answers from the samples of a kept run."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from evalslo.endpoints.failures import failed
from evalslo.model.sample import ErrorClass, Request, Response, Sample


class RecordedEndpoint:
    """What was answered to this query and repeat before. `source` names the recording in messages."""

    def __init__(self, samples: Iterable[Sample], source: str) -> None:
        self._responses = {(sample.query_id, sample.repeat): sample.response for sample in samples}
        self._source = source

    def fingerprint(self) -> Mapping[str, Any]:
        """The recording's name, and the digest of what it answers."""
        digest = hashlib.sha256()
        for (query_id, repeat), response in sorted(self._responses.items(), key=lambda item: item[0]):
            said = response.answer if response.error is None else response.error.kind
            digest.update(repr((query_id, repeat, said)).encode("utf-8", "backslashreplace"))
        return {"kind": "recorded", "path": self._source, "answers": f"sha256:{digest.hexdigest()}"}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def call(self, request: Request) -> Response:
        """The recorded response, with the timing that it had then."""
        response = self._responses.get((request.query_id, request.repeat))
        if response is not None:
            return replace(response, timing="recorded")
        message = f"{self._source} has no sample of query {request.query_id!r:.80}, repeat {request.repeat}"
        return Response(error=failed(ErrorClass.NOT_RECORDED, message).error, timing="recorded")
