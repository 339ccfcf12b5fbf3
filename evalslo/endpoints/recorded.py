"""An endpoint that answers from the samples of a kept run."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from evalslo.endpoints.attempt import failed
from evalslo.model.sample import ErrorClass, Request, Response, Sample


class RecordedEndpoint:
    """What was answered to this query and repeat before."""

    def __init__(self, samples: Iterable[Sample], *, recorded: Mapping[str, Any]) -> None:
        self._responses = {(sample.query_id, sample.repeat): sample.response for sample in samples}
        self._recorded = recorded

    def fingerprint(self) -> Mapping[str, Any]:
        """The recording's path, and the digest of all that it answers: texts, contexts, times, usage."""
        digest = hashlib.sha256()
        for query, response in sorted(self._responses.items(), key=lambda item: item[0]):
            digest.update(json.dumps([*query, msgspec.to_builtins(response)]).encode())
        return {**self._recorded, "answers": f"sha256:{digest.hexdigest()}"}

    @property
    def quota(self) -> str:
        """The recording's own."""
        return f"recorded {self._recorded.get('path')}"

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
        message = f"{self._recorded['path']!r} has no sample of query {request.query_id!r:.80}, repeat {request.repeat}"
        return Response(error=failed(ErrorClass.NOT_RECORDED, message).error, timing="recorded")
