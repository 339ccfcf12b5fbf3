"""What ended TLS, in words: an alert of the other side says what it missed, and so how to mend it."""

import ssl

from evalslo.endpoints.attempt import reason_of
from evalslo.model.sample import CallError, ErrorClass

_OUR_CERTIFICATE = {  # RFC 8446, section 6.2, as OpenSSL names them behind `_ALERT_`
    "BAD_CERTIFICATE": "it takes our certificate for a broken one",
    "CERTIFICATE_EXPIRED": "our certificate has expired",
    "CERTIFICATE_REQUIRED": "it wants a certificate of ours",
    "CERTIFICATE_REVOKED": "our certificate was revoked",
    "CERTIFICATE_UNKNOWN": "it does not accept our certificate",
    "UNKNOWN_CA": "it does not know the CA of our certificate",
    "UNSUPPORTED_CERTIFICATE": "it has no use for a certificate of our kind",
}
_ALERT = "_ALERT_"


def is_alert(error: BaseException | None) -> bool:
    """Whether the other side ended TLS, and said why."""
    return isinstance(error, ssl.SSLError) and _ALERT in (error.reason or "")


def tls_error(error: BaseException, *, whom: str, kind: ErrorClass = ErrorClass.TLS) -> CallError:
    """The error of TLS with `whom`. Trying again changes nothing about a certificate of ours that is not accepted."""
    reason = getattr(error, "reason", None) or reason_of(error)
    refusal = _OUR_CERTIFICATE.get(reason.partition(_ALERT)[2])
    message = f"TLS with {whom} failed: {reason if refusal is None else f'{refusal} ({reason})'}"
    if refusal is not None and kind is ErrorClass.TLS:
        message += "; name the right one in endpoint.tls.cert"
    return CallError(kind=kind, message=message, retryable=refusal is None)
