"""What a judge is asked about an answer, and what it said."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from evalslo.model.sample import Response


class Question(Struct, frozen=True, kw_only=True):
    """One thing to ask a judge about one answer. `key` is a digest over all that is sent, so that a reply is never read as
    one to another question. `schema` is the JSON Schema of the reply, for endpoints that hold a model to one.
    """

    key: str
    system: str
    prompt: str
    schema: Mapping[str, Any]


class Judgement(Struct, frozen=True, kw_only=True):
    """One reply of a judge, or the error of its call: a record of `judge.jsonl`.

    It is about the answer to `query_id` and `repeat`. `who` is a digest of the judge's endpoint as the suite wrote it then:
    what one judge said is not said by another of the same name. `vote` counts from 0; `attempts` counts calls; `started_at`
    is UTC in ISO 8601.
    """

    judge: str
    who: str
    query_id: str
    repeat: int
    key: str
    vote: int
    response: Response
    attempts: int
    started_at: str


Replies = Callable[[str, str], Sequence[Response]]
"""What a judge said to a question: its name and the question's key in, its votes out; () where it was not asked."""
