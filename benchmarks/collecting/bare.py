"""The plain alternative: a loop that asks and reads, keeps nothing and judges nothing.

`python -m benchmarks.collecting.bare CLIENT CALLS CONCURRENCY URL`, CLIENT own (evalslo's) or aiohttp.
"""

import asyncio
import json
import sys
from collections.abc import Iterator


def question(number: int) -> str:
    return f"What is the answer to question number {number}?"


async def by_own(numbers: Iterator[int], concurrency: int, url: str) -> None:
    from pathlib import Path

    from evalslo.endpoints.open import open_endpoint
    from evalslo.model.sample import Request
    from evalslo.model.suite import EndpointSpec, Timeouts

    spec = EndpointSpec(kind="openai", options={"base_url": url, "model": "bench", "stream": False})
    endpoint = open_endpoint(spec, environ={}, folder=Path(), timeouts=Timeouts(), samples=lambda _: ())

    async def work() -> None:
        for number in numbers:
            response = await endpoint.call(Request(query_id=str(number), fields={"query": question(number)}))
            assert response.answer, response.error

    async with endpoint:
        await asyncio.gather(*(work() for _ in range(concurrency)))


async def by_aiohttp(numbers: Iterator[int], concurrency: int, url: str) -> None:
    import aiohttp

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = {"model": "bench", "messages": [{"role": "user", "content": question(number)}]}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                assert json.loads(await response.read())["choices"][0]["message"]["content"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))


if __name__ == "__main__":
    client, calls, at_once, address = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    asyncio.run({"own": by_own, "aiohttp": by_aiohttp}[client](iter(range(calls)), at_once, address))
