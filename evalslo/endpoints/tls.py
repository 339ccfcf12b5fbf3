"""Whom TLS trusts and as whom it speaks: CA bundles, client certificates, and the loud way to trust anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalslo.endpoints.options import optional_text
from evalslo.errors import UsageError

if TYPE_CHECKING:
    import ssl

_OTHERS_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # read where OpenSSL's own two are not set


def tls_context(options: Mapping[str, Any], *, environ: Mapping[str, str], folder: Path) -> ssl.SSLContext:
    """The context of the endpoint's `tls: {ca, cert, key, verify}`, its paths relative to `folder`.

    `ca` takes the place of every other CA; without it the environment's bundle, without that the system's. Raises
    UsageError for a file that cannot be used.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if not verifies(options):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _load_trusted(context, options, environ=environ, folder=folder)
    _load_own(context, options, folder=folder)
    return context


def verifies(options: Mapping[str, Any]) -> bool:
    """Whether certificates are verified, as they are unless `tls.verify` is false."""
    verify = options.get("verify", True)
    if not isinstance(verify, bool):
        raise UsageError("endpoint.tls.verify: wanted true or false")
    return verify


def _load_trusted(
    context: ssl.SSLContext, options: Mapping[str, Any], *, environ: Mapping[str, str], folder: Path
) -> None:
    ca = optional_text(options, "ca", wanted="the path of a file of CA certificates", under="endpoint.tls")
    if ca is not None:
        _load(context, folder / ca, place="endpoint.tls.ca")
        return
    found = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)]
    found = found or [name for name in _OTHERS_BUNDLES if environ.get(name)][:1]
    for name in found:
        _load(context, Path(environ[name]), place=f"the environment variable {name}")
    if not found:
        context.load_default_certs()


def _load(context: ssl.SSLContext, path: Path, *, place: str) -> None:
    """Nothing; a folder is one of hashed names, as OpenSSL has them."""
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # an SSLError is one too
        raise UsageError(f"{place}: {path} cannot be read as CA certificates: {_why(error)}; wanted PEM") from error


def _load_own(context: ssl.SSLContext, options: Mapping[str, Any], *, folder: Path) -> None:
    cert = optional_text(options, "cert", wanted="the path of a client certificate", under="endpoint.tls")
    key = optional_text(options, "key", wanted="the path of the certificate's key", under="endpoint.tls")
    if cert is None and key is None:
        return
    if cert is None:
        raise UsageError(
            "endpoint.tls.cert: missing; write the path of the certificate that endpoint.tls.key belongs to"
        )
    try:
        # an encrypted key would be asked for on the terminal without a password
        context.load_cert_chain(folder / cert, None if key is None else folder / key, password="")
    except OSError as error:
        named = cert if key is None else f"{cert} with the key {key}"
        message = f"{named} cannot be used: {_why(error)}; wanted PEM, not encrypted, and a key of that certificate"
        raise UsageError(f"endpoint.tls.cert: {message}") from error


def _why(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__
