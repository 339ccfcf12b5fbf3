"""Leave to release in spite of the policy, as it is recorded."""

from datetime import UTC, datetime

from evalslo.harness.begin import Origin, OverrideAsked
from evalslo.model.ledger import Override


def override_of(
    asked: OverrideAsked, *, service: str, environment: str | None, release: str, origin: Origin, now: int
) -> Override:
    """The override that begins `now` (seconds since 1970 UTC), with who asked for it."""
    stamp = datetime.fromtimestamp(now, UTC)
    return Override(
        id=f"{stamp:%Y%m%dT%H%M%S}-{origin.token}",
        service=service,
        environment=environment,
        release=release,
        reason=asked.reason,
        kind=asked.kind,
        actor=origin.actor,
        commit=origin.commit,
        created_at=stamp.isoformat(timespec="seconds"),
        expires_at=datetime.fromtimestamp(now + asked.expires_s, UTC).isoformat(timespec="seconds"),
    )
