"""Proxies: which one the environment names, what it is told, and whose fault a failure is."""

import asyncio
import base64
import socket
import ssl
from contextlib import suppress

import pytest
import trustme

from evalslo.endpoints.proxy import proxy_for
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request
from evalslo.model.suite import Timeouts
from tests.support.loopback import FaultServer, completion, read_request, refused_url, reply, reply_json

LOOPS = [asyncio.run]
try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS.append(uvloop.run)


class ConnectProxy:
    """A proxy that opens a tunnel to one TLS server, whatever it is asked for, and answers every request there itself."""

    def __init__(self, *, inner, outer=None):
        self.inner, self.outer, self.heads, self.answered = inner, outer, [], []
        self.writers = set()

    async def __aenter__(self):
        self.behind = await asyncio.start_server(self.answer, "127.0.0.1", 0, ssl=self.inner)
        self.front = await asyncio.start_server(self.tunnel, "127.0.0.1", 0, ssl=self.outer)
        scheme = "http" if self.outer is None else "https"
        self.address = f"127.0.0.1:{self.front.sockets[0].getsockname()[1]}"
        self.url = f"{scheme}://{self.address}"
        return self

    async def __aexit__(self, *_):
        for server in (self.front, self.behind):
            server.close()
        for writer in tuple(self.writers):
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def answer(self, reader, writer):
        self.writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.answered.append(await read_request(reader))
                body = b'{"choices": [{"message": {"content": "through"}, "finish_reason": "stop"}]}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def tunnel(self, reader, writer):
        self.writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            self.heads.append(await read_request(reader))
            up_reader, up_writer = await asyncio.open_connection(*self.behind.sockets[0].getsockname())
            self.writers.add(up_writer)
            writer.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 tests\r\n\r\n")
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))


async def pump(reader, writer):
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def context_of(authority, tmp_path):
    """The context of a server by that name, whose authority's certificate lies beside the suite."""

    def make(name):
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://h.example/", {}, None),
        ("http://h.example/", {"HTTP_PROXY": "http://up:1", "http_proxy": "http://low:1"}, ("low", 1, False)),
        ("https://h.example/", {"HTTP_PROXY": "http://p:1"}, None),
        ("https://h.example/", {"ALL_PROXY": "p:3128"}, ("p", 3128, False)),
        ("https://h.example/", {"ALL_PROXY": "https://p"}, ("p", 443, True)),
        ("https://h.example/", {"https_proxy": "http://p:1", "no_proxy": "a, .example"}, None),
        ("https://h.example/", {"https_proxy": "http://p:1", "no_proxy": "*.example"}, None),
        ("https://h.example/", {"https_proxy": "http://p:1", "NO_PROXY": "*"}, None),
        ("https://hexample/", {"https_proxy": "http://p:1", "no_proxy": "example"}, ("p", 1, False)),
        ("https://h.example/", {"https_proxy": "http://p:1", "no_proxy": "h.example:443"}, None),
        ("https://h.example:8443/", {"https_proxy": "http://p:1", "no_proxy": "h.example:443"}, ("p", 1, False)),
        ("http://10.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, None),
        ("http://11.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, ("p", 1, False)),
        ("http://[fd00::7]/", {"http_proxy": "http://p:1", "no_proxy": "fd00::/8"}, None),
        ("http://[fd00::7]:81/", {"http_proxy": "http://p:1", "no_proxy": "[fd00::7]:81"}, None),
        ("http://[fd00::7]/", {"http_proxy": "http://p:1", "no_proxy": "fd00::7"}, None),
        ("http://h.example/", {"http_proxy": "http://p:1", "no_proxy": "nonsense/99"}, ("p", 1, False)),
        ("http://127.0.0.1:8080/", {"http_proxy": "http://p:1"}, None),
        ("http://[::1]:8080/", {"http_proxy": "http://p:1"}, None),
        ("http://localhost:8080/", {"http_proxy": "http://p:1"}, None),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(url, environ, proxy):
    found = proxy_for(url, environ)
    assert (found and (found.name, found.port, found.tls)) == proxy


@pytest.mark.parametrize("address", ["socks5://me:secret-pw@p:1", "http://:1", "http://me:secret-pw@p:99999"])
def test_a_proxy_of_another_kind_or_none_is_a_usage_error_that_keeps_its_password(address):
    with pytest.raises(UsageError, match="the proxy in the environment is") as raised:
        proxy_for("http://h.example/", {"all_proxy": address})
    assert "secret-pw" not in str(raised.value)


async def test_a_plain_call_goes_through_the_proxy_with_the_whole_address(ask):
    async with FaultServer(reply_json(completion("through"))) as proxy:
        response = await ask("http://model.example:81", environ={"HTTP_PROXY": proxy.url})
    assert response.answer == "through"
    assert proxy.requests[0].target == "http://model.example:81/v1/chat/completions"
    assert proxy.requests[0].headers["host"] == "model.example:81"
    assert "proxy-authorization" not in proxy.requests[0].headers


async def test_the_user_of_a_proxy_is_told_to_it_and_to_nobody_else(ask):
    async def echo(exchange):
        await reply(f"{exchange.request.headers['proxy-authorization']} p%ss-word", status=500)(exchange)

    async with FaultServer(echo) as proxy:
        environ = {"HTTP_PROXY": proxy.url.replace("http://", "http://someone:p%25ss-word@")}
        response = await ask("http://model.example", environ=environ)
    token = base64.b64encode(b"someone:p%ss-word").decode()
    assert proxy.requests[0].headers["proxy-authorization"] == f"Basic {token}"
    assert response.error.message == "HTTP 500: Basic *** ***"


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize("is_private", [False, True])
def test_a_call_over_tls_goes_through_a_tunnel_and_its_key_is_not_told_to_the_proxy(
    opened, context_of, tmp_path, run, is_private
):
    inner = context_of("model.example")
    outer = context_of("127.0.0.1") if is_private else None

    async def calls():
        async with ConnectProxy(inner=inner, outer=outer) as proxy:
            environ = {
                "HTTPS_PROXY": proxy.url.replace("://", "://someone:word@"),
                "KEY": "sk-0123456789abcdef",
                "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            }
            options = {"base_url": "https://model.example", "model": "m", "api_key_env": "KEY", "tls": {"ca": "ca.pem"}}
            async with opened("openai", environ=environ, **options) as endpoint:
                request = Request(query_id="q", fields={"query": "?"})
                return proxy, [await endpoint.call(request) for _ in range(2)]

    proxy, responses = run(calls())
    assert [(response.answer, response.error) for response in responses] == [("through", None)] * 2
    assert len(proxy.heads) == 1
    assert (proxy.heads[0].method, proxy.heads[0].target) == ("CONNECT", "model.example:443")
    assert sorted(proxy.heads[0].headers) == ["host", "proxy-authorization"]
    assert proxy.answered[0].headers["authorization"] == "Bearer sk-0123456789abcdef"
    assert proxy.answered[0].target == "/chat/completions"
    assert "proxy-authorization" not in proxy.answered[0].headers


async def test_a_certificate_behind_the_proxy_is_the_servers_and_not_the_proxys_fault(ask, context_of):
    inner = context_of("elsewhere.example")
    async with ConnectProxy(inner=inner) as proxy:
        response = await ask("https://model.example", environ={"HTTPS_PROXY": proxy.url}, tls={"ca": "ca.pem"})
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, False)
    assert response.error.message.startswith("the certificate of model.example is not trusted")


@pytest.mark.parametrize("tls", [{"verify": False}, {"ca": "ca.pem"}])
async def test_what_the_suite_says_of_tls_is_for_its_server_and_not_for_the_proxy(ask, context_of, tls):
    inner, outer = context_of("model.example"), context_of("127.0.0.1")
    async with ConnectProxy(inner=inner, outer=outer) as proxy:
        environ = {"HTTPS_PROXY": proxy.url.replace("://", "://someone:word@")}
        response = await ask("https://model.example", environ=environ, tls=tls)
    assert proxy.heads == []
    assert (response.error.kind, response.error.retryable) == (ErrorClass.PROXY, False)
    assert "of the proxy in front of model.example is not trusted" in response.error.message
    assert response.error.message.endswith("; name its CA in SSL_CERT_FILE")


async def hang_up(exchange):
    exchange.writer.close()


async def not_http(exchange):
    await exchange.send(b"220 smtp ready\r\n")
    await exchange.stall()


async def endless_head(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000)
    await exchange.stall()


@pytest.mark.parametrize(
    ("behaviour", "said", "retryable"),
    [
        (reply(status=407), "the proxy in front of model.example answered 407", False),
        (reply(status=403), "the proxy in front of model.example answered 403", False),
        (reply(status=503), "the proxy in front of model.example answered 503", True),
        (hang_up, "the proxy in front of model.example closed the connection", True),
        (not_http, "the proxy in front of model.example does not speak HTTP", True),
        (endless_head, "the proxy in front of model.example answered with more than", True),
    ],
)
async def test_a_tunnel_that_a_proxy_does_not_open_is_the_proxys_fault(ask, behaviour, said, retryable):
    async with FaultServer(behaviour) as proxy:
        response = await ask("https://model.example", environ={"HTTPS_PROXY": proxy.url})
    assert (response.error.kind, response.error.retryable) == (ErrorClass.PROXY, retryable)
    assert response.error.message.startswith(said)


async def test_a_proxy_that_wants_a_password_for_a_plain_call_says_so_as_the_proxy(ask):
    async with FaultServer(reply(status=407)) as proxy:
        response = await ask("http://model.example", environ={"HTTP_PROXY": proxy.url})
    assert (response.error.kind, response.error.status) == (ErrorClass.PROXY, 407)


async def test_a_proxy_that_is_not_there_is_told_apart_from_the_server(ask):
    gone = await ask("http://model.example", environ={"HTTP_PROXY": refused_url()})
    unknown = await ask("http://model.example", environ={"HTTP_PROXY": "http://no-such-proxy.invalid:1"})
    assert (gone.error.kind, gone.error.retryable) == (ErrorClass.PROXY, True)
    assert gone.error.message.startswith("no connection to the proxy in front of model.example: ")
    assert unknown.error.kind is ErrorClass.PROXY
    assert "the name of the proxy in front of model.example cannot be resolved" in unknown.error.message


async def say_nothing(exchange):
    await exchange.stall()


async def open_and_say_nothing(exchange):
    await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await exchange.stall()


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (say_nothing, "connected to the proxy in front of model.example, but it opened no way through within 0.2 s"),
        (
            open_and_say_nothing,
            "connected to model.example, through its proxy, but TLS was not agreed on within 0.2 s; is this an http:// port?",
        ),
    ],
)
async def test_a_tunnel_that_does_not_get_ready_in_time_says_how_far_it_came(ask, behaviour, said):
    async with FaultServer(behaviour) as proxy:
        environ = {"HTTPS_PROXY": proxy.url}
        response = await ask("https://model.example", environ=environ, timeouts=Timeouts(connect_s=0.2))
    assert (response.error.kind, response.error.retryable) == (ErrorClass.CONNECT_TIMEOUT, True)
    assert response.error.message == f"{said}; raise limits.connect_timeout if that is too short"


async def test_a_proxy_that_does_not_agree_on_tls_in_time_is_named_as_the_one(ask):
    with socket.create_server(("127.0.0.1", 0)) as proxy:  # the system connects; nobody answers
        environ = {"HTTP_PROXY": f"https://127.0.0.1:{proxy.getsockname()[1]}"}
        response = await ask("http://model.example", environ=environ, timeouts=Timeouts(connect_s=0.2))
    assert response.error.kind is ErrorClass.CONNECT_TIMEOUT
    assert response.error.message.startswith(
        "connected to the proxy in front of model.example, but TLS was not agreed on"
    )
