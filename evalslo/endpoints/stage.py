"""How far a connection in the making has come, and what is said of one that comes no further in its time."""

from enum import Enum

from evalslo.endpoints.attempt import CallFailed, failed
from evalslo.model.sample import ErrorClass

_PLAIN = "; is this an http:// port?"


class Stage(Enum):
    """What is waited for."""

    CONNECTING = "a connection"
    PROXY_TLS = "TLS with the proxy"
    TUNNEL = "the proxy's way to the server"
    TLS = "TLS with the server"


def stuck(stage: Stage, *, host: str, has_proxy: bool, limit_s: float) -> CallFailed:
    """The failure of a connection to `host` that was still at `stage` after `limit_s` seconds."""
    proxy, within = f"the proxy in front of {host}", f"within {limit_s:g} s"
    through = ", through its proxy" if has_proxy else ""
    message = {
        Stage.CONNECTING: f"no connection to {proxy if has_proxy else host} {within}",
        Stage.PROXY_TLS: f"connected to {proxy}, but TLS was not agreed on {within}{_PLAIN}",
        Stage.TUNNEL: f"connected to {proxy}, but it opened no way through {within}",
        Stage.TLS: f"connected to {host}{through}, but TLS was not agreed on {within}{_PLAIN}",
    }[stage]
    mend = "; raise limits.connect_timeout if that is too short"
    return failed(ErrorClass.CONNECT_TIMEOUT, message + mend, retryable=True)
