"""TLS with certificates of the tests' own: whom an endpoint trusts, as whom it speaks, and how loud it is about neither."""

import asyncio
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

import pytest
import trustme

from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import DONE, FaultServer, completion, delta, reply_json, reply_stream

LOOPS = [asyncio.run]
try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS.append(uvloop.run)

QUESTION = Request(query_id="q", fields={"query": "?"})
ANSWER = reply_json(completion("in private"))


class TlsServer(FaultServer):
    """The misbehaving server behind TLS."""

    def __init__(self, context, *behaviours):
        super().__init__(*behaviours)
        self.context = context

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.url = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def served(authority):
    """The context of a server that the authority vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def files(authority, tmp_path):
    """The authority's certificate, and a client's certificate and key, as files beside the suite."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client = authority.issue_cert("client@example.org")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    return tmp_path


@pytest.mark.parametrize("run", LOOPS)
def test_a_call_over_tls_is_answered_and_its_connection_kept(opened, served, files, run):
    async def calls():
        stream = reply_stream(delta(content="in "), 0.02, delta(content="private"), DONE)
        async with (
            TlsServer(served, ANSWER, stream) as server,
            opened("openai", base_url=server.url, model="m", tls={"ca": "ca.pem"}) as endpoint,
        ):
            responses = [await endpoint.call(QUESTION) for _ in range(3)]
            return responses, server.connections

    responses, connections = run(calls())
    assert [response.answer for response in responses] == ["in private"] * 3
    assert responses[1].gaps_s[0] > 0
    assert connections == 1


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_bundle_that_the_environment_names_is_trusted(ask, served, files, name):
    async with TlsServer(served, ANSWER) as server:
        response = await ask(server.url, environ={name: str(files / "ca.pem")})
    assert response.answer == "in private"


async def test_openssls_own_variables_go_before_those_of_others(ask, served, files):
    trustme.CA().cert_pem.write_to_path(files / "other.pem")
    environ = {"SSL_CERT_FILE": str(files / "other.pem"), "REQUESTS_CA_BUNDLE": str(files / "ca.pem")}
    async with TlsServer(served, ANSWER) as server:
        response = await ask(server.url, environ=environ)
    assert response.error.kind is ErrorClass.TLS


async def test_a_certificate_that_nobody_vouches_for_is_no_matter_of_trying_again(ask, served):
    async with TlsServer(served, ANSWER) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, False)
    assert response.error.message.startswith("the certificate of 127.0.0.1:")
    assert "endpoint.tls.ca" in response.error.message
    assert server.requests == []


async def test_a_certificate_of_another_host_is_not_trusted(ask, authority, files):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    async with TlsServer(context, ANSWER) as server:
        response = await ask(server.url, tls={"ca": "ca.pem"})
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, False)
    assert "is not valid for" in response.error.message


async def test_a_server_that_does_not_speak_tls_is_a_matter_of_tls(ask):
    async def speak_plainly(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        response = await ask(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, True)
    assert response.error.message.startswith("TLS with 127.0.0.1:")


async def test_a_client_shows_its_certificate_where_the_server_wants_one(ask, authority, files):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    shown = []

    async def who(exchange):
        shown.append(exchange.writer.get_extra_info("peercert"))
        await ANSWER(exchange)

    tls = {"ca": "ca.pem", "cert": "${WHO}.pem", "key": "client.key"}
    async with TlsServer(context, who) as server:
        known = await ask(server.url, tls=tls, environ={"WHO": "client"})
        unknown = await ask(server.url, tls={"ca": "ca.pem"})
    assert known.answer == "in private"
    assert shown[0]["subjectAltName"] == (("email", "client@example.org"),)
    assert unknown.error.kind in (ErrorClass.TLS, ErrorClass.RESET)  # in TLS 1.3 the refusal follows the handshake
    assert len(shown) == 1


@contextmanager
def refusing(context):
    """The address of a server that ends TLS with each client, with an alert, and then reads on until that one leaves."""

    def refuse():
        with suppress(OSError):
            while True:
                peer, _ = listening.accept()
                with context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False) as secured:
                    with pytest.raises(ssl.SSLError):
                        secured.do_handshake()
                    secured.shutdown(socket.SHUT_WR)
                    while secured.recv(65_536):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize(
    ("version", "trusts_us", "own", "said"),
    [
        (ssl.TLSVersion.TLSv1_3, True, {}, "it wants a certificate of ours (TLSV13_ALERT_CERTIFICATE_REQUIRED)"),
        (ssl.TLSVersion.TLSv1_3, False, {"cert": "client.pem", "key": "client.key"}, "it does not know the CA of our"),
        (ssl.TLSVersion.TLSv1_2, False, {"cert": "client.pem", "key": "client.key"}, "it does not know the CA of our"),
    ],
)
def test_a_server_that_refuses_our_certificate_is_a_matter_of_tls_and_of_that_certificate(
    ask, authority, files, run, version, trusts_us, own, said
):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    (authority if trusts_us else trustme.CA()).configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    with refusing(context) as url:
        response = run(ask(url, tls={"ca": "ca.pem", **own}))
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, False)
    assert response.error.message.startswith(f"TLS with {url.removeprefix('https://')} failed: {said}")
    assert response.error.message.endswith("; name the right one in endpoint.tls.cert")


async def test_an_alert_of_another_kind_says_what_it_is_and_may_be_tried_again(ask, files):
    bare = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)  # it has no certificate, and so no cipher to share
    with refusing(bare) as url:
        response = await ask(url, tls={"ca": "ca.pem"})
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TLS, True)
    assert "_ALERT_HANDSHAKE_FAILURE" in response.error.message
    assert "endpoint.tls" not in response.error.message


async def test_what_is_not_verified_is_called_and_said_aloud(opened, served):
    async with (
        TlsServer(served, ANSWER) as server,
        opened("openai", base_url=server.url, model="m", tls={"verify": False}) as endpoint,
    ):
        response = await endpoint.call(QUESTION)
    assert response.answer == "in private"
    assert len(endpoint.warnings) == 1
    assert "are NOT verified (endpoint.tls.verify: false)" in endpoint.warnings[0]
    assert "127.0.0.1:" in endpoint.warnings[0]
    assert endpoint.fingerprint()["tls"] == {"verify": False}


def test_an_endpoint_that_is_verified_or_in_the_clear_has_no_warning(opened):
    assert opened("openai", base_url="https://h/v1", model="m").warnings == ()
    assert opened("openai", base_url="http://h/v1", model="m", tls={"verify": False}).warnings == ()


def test_a_path_in_a_variable_is_in_the_fingerprint_as_a_digest_only(opened, files):
    tls = {"ca": "${CA_FILE}", "cert": "client.pem", "key": "${KEY_FILE}"}
    environ = {"CA_FILE": str(files / "ca.pem"), "KEY_FILE": str(files / "client.key")}
    recorded = opened("openai", base_url="https://h/v1", model="m", tls=tls, environ=environ).fingerprint()
    assert recorded["tls"] == tls
    assert sorted(recorded["variables"]) == ["CA_FILE", "KEY_FILE"]
    assert str(files) not in json.dumps(recorded)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca": "gone.pem"}, "endpoint.tls.ca: "),
        ({"ca": "client.key"}, "cannot be read as CA certificates"),
        (
            {"cert": "gone.pem", "key": "client.key"},
            "endpoint.tls.cert: gone.pem with the key client.key cannot be used",
        ),
        ({"cert": "client.pem", "key": "other.key"}, "wanted PEM, not encrypted, and a key of that certificate"),
        ({"cert": "client.pem"}, "endpoint.tls.cert: client.pem cannot be used"),
        ({"key": "client.key"}, "endpoint.tls.cert: missing"),
        ({"cert": " "}, "endpoint.tls.cert: found an empty text"),
        ({"verify": "no"}, "endpoint.tls.verify: wanted true or false"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_once_with_its_place(opened, files, tls, said):
    trustme.CA().issue_cert("other@example.org").private_key_pem.write_to_path(files / "other.key")
    with pytest.raises(UsageError) as raised:
        opened("openai", base_url="https://h/v1", model="m", tls=tls)
    assert said in str(raised.value)


def test_a_bundle_of_the_environment_that_cannot_be_read_is_named_by_its_variable(opened):
    with pytest.raises(UsageError, match="the environment variable SSL_CERT_FILE: "):
        opened("openai", base_url="https://h/v1", model="m", environ={"SSL_CERT_FILE": "/no/such.pem"})
