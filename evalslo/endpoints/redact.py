"""Texts from strangers, made safe to keep: without our secrets, and messages bounded and without control characters."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from evalslo.model.golden import Context
from evalslo.model.sample import CallError, Response

MAX_MESSAGE_CHARS = 300
MAX_NAME_CHARS = 200
LONG_SECRET_CHARS = 16
"""From here on a secret is taken out of answers too; a shorter one (`X-Tenant: handbook`) may be a word of the answer."""

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """What must not be kept: `secrets` in every spelling that an echo could have, longest first."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def message(self, text: str, *, limit: int = MAX_MESSAGE_CHARS) -> str:
        """One printable line of at most `limit` characters, every secret in it as `***`."""
        longest = len(self.secrets[0]) if self.secrets else 0
        window = text[
            : limit * (longest + 1)
        ]  # however much the secrets in it shrink, `limit` characters are left of it
        line = "".join(char if char.isprintable() else " " for char in window)
        for secret in self.secrets:
            line = line.replace(secret, "***")
        line = line.strip()
        return line if len(line) <= limit and window == text else line[: limit - 1] + "…"

    def answer(self, text: str) -> str:
        """`text` as it is, but encodable as UTF-8 and with every long secret in it as `***`."""
        for secret in self.secrets:
            if len(secret) >= LONG_SECRET_CHARS:
                text = text.replace(secret, "***")
        return _encodable(text)


def redactor(secrets: Iterable[str]) -> Redactor:
    """A redactor for `secrets`; of `Bearer abc` the credential alone is a secret too."""
    words = {part for secret in secrets for part in (secret, *secret.split()[1:]) if part}
    spellings = {form for word in words for form in (word, json.dumps(word)[1:-1], quote(word, safe=""))}
    return Redactor(secrets=tuple(sorted(spellings, key=len, reverse=True)))


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of those variables whose names say that they are secret, for endpoints that read their own."""
    return tuple(value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= 8)


def redacted(response: Response, redactor: Redactor) -> Response:
    """`response` with every text in it safe to keep."""
    contexts = response.contexts
    return replace(
        response,
        answer=None if response.answer is None else redactor.answer(response.answer),
        error=None if response.error is None else redacted_error(response.error, redactor),
        contexts=None if contexts is None else tuple(_redacted_context(context, redactor) for context in contexts),
        model=_name(response.model, redactor),
        finish_reason=_name(response.finish_reason, redactor),
    )


def redacted_error(error: CallError, redactor: Redactor) -> CallError:
    """`error` with a message that is safe to keep."""
    return replace(error, message=redactor.message(error.message))


def _redacted_context(context: Context, redactor: Redactor) -> Context:
    return replace(context, id=redactor.answer(context.id), text=redactor.answer(context.text))


def _name(text: str | None, redactor: Redactor) -> str | None:
    return None if text is None else redactor.message(text, limit=MAX_NAME_CHARS)


def _encodable(text: str) -> str:
    """Halves of a surrogate pair joined (some servers cut them between two deltas), a lone half as U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
