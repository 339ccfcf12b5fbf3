"""Connections that are not finished: whatever ends one, nothing stays open; and what is told of those that are."""

import asyncio
import socket
import ssl
import subprocess
import sys
import textwrap

import pytest
import trustme

from evalslo.endpoints import dial
from evalslo.endpoints.stamped import KERNEL_STAMPS, StampedTransport, can_stamp
from evalslo.model.sample import ErrorClass, Request
from evalslo.model.suite import Timeouts
from tests.support.loopback import FaultServer, completion, reply_json

QUESTION = Request(query_id="q", fields={"query": "?"})
ANSWER = reply_json(completion("x"))


@pytest.fixture
def sockets(monkeypatch):
    """Every socket that was connected to a server."""
    made = []
    connect = dial.aiohappyeyeballs.start_connection

    async def note(*args, **kwargs):
        made.append(await connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(dial.aiohappyeyeballs, "start_connection", note)
    return made


async def all_closed(sockets):
    async with asyncio.timeout(10):
        while any(peer.fileno() >= 0 for peer in sockets):
            await asyncio.sleep(0.001)
    return True


@pytest.fixture(params=[True, False], ids=["stamped", "plain"])
def stamps(request, monkeypatch):
    """Whether the kernel can stamp; where it cannot, asyncio's own transports are used."""
    if not request.param:
        monkeypatch.setattr(dial, "stamp_arrivals", lambda peer: False)
    elif not KERNEL_STAMPS:
        pytest.skip("nothing is stamped on this system")
    return request.param


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("turns", range(1, 9))
async def test_a_call_that_is_cancelled_at_any_turn_leaves_nothing_open(opened, sockets, stamps, scheme, turns):
    with socket.create_server(("127.0.0.1", 0)) as listening:  # the system connects; nobody answers
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        async with opened("openai", base_url=url, model="m", timeouts=Timeouts(total_s=30.0)) as endpoint:
            calls = [asyncio.create_task(endpoint.call(QUESTION)) for _ in range(5)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended)
        assert await all_closed(sockets)


@pytest.mark.parametrize("failing", ["setsockopt", "getpeername"])
async def test_a_connection_that_breaks_as_it_is_made_is_refused_and_leaves_nothing_open(
    opened, sockets, stamps, monkeypatch, failing
):
    class Broken(socket.socket):
        def setsockopt(self, *args):
            if failing == "setsockopt":
                raise OSError(22, "Invalid argument")
            super().setsockopt(*args)

        def getpeername(self):
            if failing == "getpeername":
                raise OSError(107, "Transport endpoint is not connected")
            return super().getpeername()

    connect = dial.aiohappyeyeballs.start_connection

    async def broken(*args, **kwargs):
        peer = await connect(*args, **kwargs)
        other = Broken(peer.family, peer.type, peer.proto, fileno=peer.detach())
        sockets.append(other)
        return other

    monkeypatch.setattr(dial.aiohappyeyeballs, "start_connection", broken)
    async with FaultServer(ANSWER) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        response = await endpoint.call(QUESTION)
    if stamps or failing == "setsockopt":  # asyncio itself can do without the peer's name
        assert (response.error.kind, response.error.retryable) == (ErrorClass.REFUSED, True)
    assert await all_closed(sockets)


async def exact_after(opened, *, calls=3):
    async with FaultServer(ANSWER) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        before = endpoint.exact
        for _ in range(calls):
            assert (await endpoint.call(QUESTION)).answer == "x"
        return before, endpoint.exact


async def test_times_are_exact_where_the_system_stamps_and_stamped(opened):
    promise = KERNEL_STAMPS and can_stamp(asyncio.get_running_loop())
    assert opened("openai", base_url="http://h", model="m").exact == promise
    assert (await exact_after(opened))[0] == promise


async def test_times_are_not_exact_where_a_stamp_was_promised_and_refused(opened, monkeypatch):
    monkeypatch.setattr(dial, "stamp_arrivals", lambda peer: False)
    assert (await exact_after(opened))[1] is False


async def test_times_are_not_exact_where_the_kernel_takes_the_option_and_stamps_nothing(opened, monkeypatch):
    monkeypatch.setattr(dial, "stamp_arrivals", lambda peer: True)

    async def late(exchange):
        await asyncio.sleep(0.15)
        await ANSWER(exchange)

    async with FaultServer(late) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        assert (await endpoint.call(QUESTION)).answer == "x"
        assert endpoint.exact is False


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_whose_request_was_answered_before_it_was_sent_is_not_kept(opened, stamps, tmp_path, scheme):
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    heads, asked = [], asyncio.Event()

    async def answer_early(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await asked.wait()
        writer.transport.abort()

    tls = context if scheme == "https" else None
    async with await asyncio.start_server(answer_early, "127.0.0.1", 0, limit=2**16, ssl=tls) as server:
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with opened("openai", base_url=url, model="m", tls={"ca": "ca.pem"}) as endpoint:
            first = await endpoint.call(Request(query_id="q", fields={"query": "x" * 12_000_000}))
            second = await endpoint.call(QUESTION)
        asked.set()
        await asyncio.sleep(0.02)
    assert [response.error.status for response in (first, second)] == [413, 413]
    assert len(heads) == 2


async def test_an_answer_that_seems_to_come_before_its_question_takes_the_time_at_which_it_was_read(
    opened, monkeypatch
):
    monkeypatch.setattr(StampedTransport, "_date", lambda self, stamp: None)  # its last time: long ago

    async def late(exchange):
        await asyncio.sleep(0.1)
        await ANSWER(exchange)

    async with FaultServer(late) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        response = await endpoint.call(QUESTION)
    assert response.latency_s >= 0.09


def test_a_name_server_that_does_not_answer_does_not_keep_the_process_from_ending():
    script = textwrap.dedent("""
        import asyncio, socket, threading
        from pathlib import Path
        from evalslo.endpoints.open import open_endpoint
        from evalslo.model.sample import Request
        from evalslo.model.suite import EndpointSpec, Timeouts

        socket.getaddrinfo = lambda *args, **kwargs: threading.Event().wait()
        spec = EndpointSpec(kind="openai", options={"base_url": "http://h.example", "model": "m"})

        async def ask():
            limits = Timeouts(connect_s=0.1)
            endpoint = open_endpoint(spec, environ={}, folder=Path(), timeouts=limits, samples=lambda path: ())
            async with endpoint:
                print((await endpoint.call(Request(query_id="q", fields={"query": "?"}))).error.kind.value)

        asyncio.run(ask())
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "connect_timeout"
