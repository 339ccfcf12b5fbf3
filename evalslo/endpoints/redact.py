"""Texts from strangers, made safe to keep: without our secrets, and messages bounded and without control characters."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from msgspec.structs import replace

from evalslo.model.golden import Context
from evalslo.model.sample import CallError, Response

MAX_MESSAGE_CHARS = 300
MAX_NAME_CHARS = 200
MIN_SECRET_CHARS = 8
"""A shorter value (`EMPTY`, `de`, `1`) is left: it is no secret worth the name, and a word of many messages."""
LONG_SECRET_CHARS = 16
"""From here on a secret is taken out of answers too; a shorter one (`X-Tenant: handbook`) may be a word of the answer."""

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:Bearer|Basic)\s+", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """What must not be kept, in every spelling that an echo could have, longest first."""

    in_messages: tuple[str, ...] = field(default=(), repr=False)
    in_answers: tuple[str, ...] = field(default=(), repr=False)

    def message(self, text: str, *, limit: int = MAX_MESSAGE_CHARS) -> str:
        """One printable line of at most `limit` characters, every secret in it as `***`."""
        if self._is_safe(text, limit):
            return text
        longest = len(self.in_messages[0]) if self.in_messages else 0
        window = text[: limit * (longest + 1)]  # however much its secrets shrink, `limit` characters are left of it
        line = _without(self.in_messages, window)
        line = "".join(char if char.isprintable() else " " for char in line).strip()
        return line if len(line) <= limit and window == text else line[: limit - 1] + "…"

    def _is_safe(self, text: str, limit: int) -> bool:
        if len(text) > limit or not text.isprintable() or text[:1] == " " or text[-1:] == " ":
            return False  # of the white space that is stripped only the blank is printable
        return not any(secret in text for secret in self.in_messages)

    def answer(self, text: str) -> str:
        """`text` as it is, but encodable as UTF-8 and with every long secret in it as `***`."""
        return _encodable(_without(self.in_answers, text))


def redactor(secrets: Iterable[str], *, only_in_messages: Iterable[str] = ()) -> Redactor:
    """A redactor for `secrets`; of `Bearer abc` the credential alone is a secret too.

    `only_in_messages` are values that an answer may rightly repeat, since the model was told them.
    """
    spellings = {form for secret in secrets for form in _spellings(secret)}
    further = {form for secret in only_in_messages for form in _spellings(secret)}
    return Redactor(
        in_messages=tuple(sorted(spellings | further, key=len, reverse=True)),
        in_answers=tuple(sorted((form for form in spellings if len(form) >= LONG_SECRET_CHARS), key=len, reverse=True)),
    )


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of those variables whose names say that they are secret, for endpoints that read their own."""
    return tuple(value for name, value in environ.items() if is_secret_name(name) and len(value) >= MIN_SECRET_CHARS)


def is_secret_name(name: str) -> bool:
    """Whether the name of a variable, or of a header, says that its value is a secret."""
    return _SECRET_NAME.search(name) is not None


def redacted(response: Response, redactor: Redactor) -> Response:
    """`response` with every text in it safe to keep: mostly itself, for mostly nothing has to change."""
    answer = None if response.answer is None else redactor.answer(response.answer)
    error = None if response.error is None else redacted_error(response.error, redactor)
    contexts = None if response.contexts is None else _redacted_contexts(response.contexts, redactor)
    model, finish_reason = _name(response.model, redactor), _name(response.finish_reason, redactor)
    if (
        answer is response.answer
        and error is response.error
        and contexts is response.contexts
        and model is response.model
        and finish_reason is response.finish_reason
    ):
        return response
    return replace(response, answer=answer, error=error, contexts=contexts, model=model, finish_reason=finish_reason)


def redacted_error(error: CallError, redactor: Redactor) -> CallError:
    """`error` with a message that is safe to keep."""
    message = redactor.message(error.message)
    return error if message is error.message else replace(error, message=message)


def _spellings(secret: str) -> Iterator[str]:
    """`secret`, and the credential in it, as they are, in JSON, and in the path or the query of an address."""
    for word in {secret, _SCHEME.sub("", secret)}:
        if len(word) >= MIN_SECRET_CHARS:
            # a variable whose bytes are not UTF-8 has lone surrogates in it
            yield from (
                word,
                json.dumps(word)[1:-1],
                *(quote(word, safe=safe, errors="surrogatepass") for safe in ("", "/")),
            )


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _redacted_contexts(contexts: tuple[Context, ...], redactor: Redactor) -> tuple[Context, ...]:
    safe = tuple(_redacted_context(context, redactor) for context in contexts)
    return contexts if all(new is old for new, old in zip(safe, contexts, strict=True)) else safe


def _redacted_context(context: Context, redactor: Redactor) -> Context:
    id_, text = redactor.answer(context.id), redactor.answer(context.text)
    return context if id_ is context.id and text is context.text else replace(context, id=id_, text=text)


def _name(text: str | None, redactor: Redactor) -> str | None:
    return None if text is None else redactor.message(text, limit=MAX_NAME_CHARS)


def _encodable(text: str) -> str:
    """Halves of a surrogate pair joined (some servers cut them between two deltas), a lone half as U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
