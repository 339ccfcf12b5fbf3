"""What is said where an endpoint's certificates are not verified."""

from collections.abc import Mapping
from typing import Any

UNVERIFIED = "TLS certificates are NOT verified (endpoint.tls.verify: false)"


def trusts_anybody(endpoint: Mapping[str, Any]) -> bool:
    """Whether an endpoint, as its suite or a fingerprint has it, takes any certificate."""
    tls = endpoint.get("tls")
    return isinstance(tls, Mapping) and tls.get("verify") is False
