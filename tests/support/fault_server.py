"""A chat completions server on the loopback, in a thread of its own, that answers exactly or misbehaves as it is told.

What it says follows from what it is asked, so that a test knows every answer and every count beforehand:

- the answer to a question is `answer_to(number)`, the number being the first one in the last user message;
- the prompt has as many tokens as its messages have words, the answer as many as it has words;
- a stream has a role frame with null content, one delta a word, a finish, a frame of usage without choices where usage
  was asked for, and [DONE].

A `Script` decides for each attempt which fault is played, if any; `played` is the record of what was.
"""

import asyncio
import json
import random
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.support.loopback import Exchange, read_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One attempt at one chat completion. `attempt` counts from 1, `repeat` is the request's seed (0 without one)."""

    model: str
    number: int
    repeat: int
    attempt: int
    stream: bool
    usage: bool
    logprobs: bool
    prompt_tokens: int
    headers: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """The answer in its tokens; joined they are the whole answer."""
        return words_of(self.number)

    @property
    def counts(self) -> dict[str, int]:
        """The usage of the answer."""
        completion = len(self.words)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of one attempt, in `time.perf_counter` seconds. `fault` "" is a right answer.

    `sent_s` are the times at which the deltas of a paced stream were handed to the kernel.
    """

    question: Question
    fault: str
    connection: int
    began_s: float
    ended_s: float
    sent_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slowly a right answer comes: seconds before its head, to its first delta, and between deltas.

    Each gap is drawn from `gap_s` +- `jitter_s`, the same for the same question.
    """

    head_s: float = 0.0
    ttft_s: float = 0.0
    gap_s: float = 0.0
    jitter_s: float = 0.0

    def gaps(self, question: Question) -> Iterator[float]:
        """Seconds before each delta of the answer, the first one included."""
        draw = random.Random(f"{question.model}/{question.number}/{question.repeat}")
        yield self.ttft_s
        while True:
            yield max(0.0, self.gap_s + draw.uniform(-self.jitter_s, self.jitter_s))


AT_ONCE = Pace()
Play = Callable[[Exchange, Question], Awaitable[None]]
Script = Callable[[Question], tuple[str, Play] | None]


def answer_to(number: int) -> str:
    """The right answer to the question of that number; its letters take one to four bytes."""
    return "".join(words_of(number))


def words_of(number: int) -> list[str]:
    return ["Answer", f" {number}:", " Größe,", " 数,", " 🜚,", " Paris", f" ({number})."]


class ModelServer:
    """A server to be used in `with`; `url` is its address. Without a script every answer is right."""

    def __init__(self, script: Script = lambda _: None, *, pace: Pace = AT_ONCE) -> None:
        self.script = script
        self.pace = pace
        self.url = ""
        self.played: list[Played] = []
        self.strange: list[str] = []
        self.connections = 0
        self.open_now = 0
        self._of: dict[str, list[Played]] = {}
        self._attempts: dict[tuple[str, int, int], int] = {}
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="model-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the server did not stop"

    def of(self, model: str) -> list[Played]:
        """What was played to one model's questions, in order of ending."""
        return self._of.get(model, [])

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        handlers: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            handlers.add(task)
            try:
                await self._serve(reader, writer)
            finally:
                handlers.discard(task)

        server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=2048)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        connection = self.connections
        try:
            while not writer.is_closing():
                request = await read_request(reader)
                began_s = time.perf_counter()
                question = self._question(request.json(), request.headers)
                await self._answer(
                    Exchange(request=request, reader=reader, writer=writer), question, began_s, connection
                )
        except asyncio.IncompleteReadError as cut:
            if cut.partial:
                self.strange.append(f"half a request: {cut.partial[:80]!r}")
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client left, or the server is told to stop
        except Exception as error:
            self.strange.append(repr(error))
        finally:
            self.open_now -= 1
            writer.close()

    async def _answer(self, exchange: Exchange, question: Question, began_s: float, connection: int) -> None:
        scripted = self.script(question)
        fault, play = scripted or ("", None)
        sent_s: tuple[float, ...] = ()
        try:
            if play is not None:
                await play(exchange, question)
            elif self.pace is AT_ONCE:
                await exchange.send(right(question))
            else:
                sent_s = await paced(exchange, question, self.pace)
        finally:
            ended_s = time.perf_counter()
            played = Played(
                question=question, fault=fault, connection=connection, began_s=began_s, ended_s=ended_s, sent_s=sent_s
            )
            self.played.append(played)
            self._of.setdefault(question.model, []).append(played)

    def _question(self, body: Any, headers: Mapping[str, str]) -> Question:
        contents = [str(message["content"]) for message in body["messages"]]
        found = re.search(r"\d+", contents[-1])
        number, repeat = int(found.group()) if found else 0, body.get("seed") or 0
        key = body["model"], number, repeat
        self._attempts[key] = attempt = self._attempts.get(key, 0) + 1
        return Question(
            model=body["model"],
            number=number,
            repeat=repeat,
            attempt=attempt,
            stream=body.get("stream", False),
            usage=(body.get("stream_options") or {}).get("include_usage", False),
            logprobs=body.get("logprobs", False),
            prompt_tokens=sum(len(content.split()) for content in contents),
            headers=headers,
        )


async def paced(exchange: Exchange, question: Question, pace: Pace) -> tuple[float, ...]:
    """When each delta of a right answer was sent, at the given pace; one time where it is not streamed."""
    await asyncio.sleep(pace.head_s)
    if not question.stream:
        await asyncio.sleep(pace.ttft_s)
        await exchange.send(right(question))
        return (time.perf_counter(),)
    events = frames(question)
    role, deltas, rest = events[0], events[1 : 1 + len(question.words)], events[1 + len(question.words) :]
    await exchange.send(STREAM_HEAD + chunk(role))
    sent_s = []
    for delta, gap_s in zip(deltas, pace.gaps(question), strict=False):
        await asyncio.sleep(gap_s)
        await exchange.send(chunk(delta))
        sent_s.append(time.perf_counter())
    await exchange.send(b"".join(map(chunk, rest)) + chunk(b""))
    return tuple(sent_s)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def right(question: Question) -> bytes:
    """The whole right response, head and body, in the form that was asked for."""
    if question.stream:
        return streamed(frames(question))
    return whole(completion(question))


def head(status: str = "200 OK", *, length: int | None = None, kind: str = "application/json", more: str = "") -> bytes:
    """A response's head; `more` are further lines, each with its end. Without a length it has none."""
    lines = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{lines}{more}\r\n".encode("latin-1")


def whole(value: object, status: str = "200 OK", *, more: str = "") -> bytes:
    """A response whose body is `value` as JSON, or as it is where it is bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return head(status, length=len(body), more=more) + body


def streamed(events: list[bytes]) -> bytes:
    """A response that streams these events, a chunk each."""
    return STREAM_HEAD + b"".join(map(chunk, events)) + chunk(b"")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; b"" is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(value: object) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def frames(question: Question, *, finish: str | None = "stop", done: bool = True) -> list[bytes]:
    """The events of a right stream. `finish` None: no frame says how it ended."""
    said = [delta_event(question, role="assistant", content=None)]
    said += [delta_event(question, content=word) for word in question.words]
    if finish is not None:
        said.append(delta_event(question, finish=finish))
    if question.usage:
        said.append(usage_event(question))
    return [*said, DONE] if done else said


def delta_event(question: Question, *, finish: str | None = None, **delta: object) -> bytes:
    """A frame whose first choice says this; with the log probability of its token where those were asked for."""
    token = delta.get("content")
    logprobs = {"content": [logprob(token)]} if question.logprobs and isinstance(token, str) else None
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return event(
        {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": question.model, "choices": [choice]}
    )


def usage_event(question: Question) -> bytes:
    """The frame of usage, without choices."""
    return event({"object": "chat.completion.chunk", "model": question.model, "choices": [], "usage": question.counts})


def completion(question: Question, *, finish: str = "stop", **message: object) -> dict[str, object]:
    """A right completion that is not streamed; `message` replaces parts of its message."""
    tokens = {"content": [logprob(word) for word in question.words]} if question.logprobs else None
    said = {"role": "assistant", "content": answer_to(question.number), **message}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": question.model,
        "choices": [{"index": 0, "message": said, "logprobs": tokens, "finish_reason": finish}],
        "usage": question.counts,
    }


def logprob(token: str) -> dict[str, object]:
    """A token with a log probability that follows from its length."""
    value = -len(token) / 10
    top = [{"token": token, "logprob": value, "bytes": list(token.encode())}]
    return {**top[0], "top_logprobs": top}
