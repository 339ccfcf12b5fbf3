from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from evalslo.endpoints.open import open_endpoint
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import Request, Response
from evalslo.model.suite import EndpointSpec, Price, Timeouts

Opener = Callable[..., Endpoint]


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """Opens an endpoint of a kind with options; environment, price, timeout, folder and samples on demand."""

    def open_kind(
        kind: str,
        *,
        environ: dict[str, str] | None = None,
        price: Price | None = None,
        timeout_s: float = 10.0,
        timeouts: Timeouts | None = None,
        folder: Path = tmp_path,
        samples: Any = None,
        **options: Any,
    ) -> Endpoint:
        return open_endpoint(
            EndpointSpec(kind=kind, options=options, price=price),
            environ=environ or {},
            folder=folder,
            timeouts=timeouts or Timeouts(total_s=timeout_s),
            samples=samples or (lambda path: ()),
        )

    return open_kind


@pytest.fixture
def ask(opened: Opener) -> Callable[..., Awaitable[Response]]:
    """Asks an OpenAI endpoint at `url` one plain question."""

    async def once(url: str, *, request: Request | None = None, **options: Any) -> Response:
        async with opened("openai", base_url=f"{url}/v1", model="m", **options) as endpoint:
            return await endpoint.call(request or Request(query_id="q1", fields={"query": "What is an SLO?"}))

    return once
