import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.endpoints.sse import Events


def read(stream):
    return [data for data, _ in Events(stream)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data:a\ndata: b\n\n", [b"a\nb"]),
        (b": ping\n\nevent: message\nid: 7\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"\n\n\n", []),
        (b"data: open", []),
        (b"data: \xe2\x80\xa8\x0b\x0c\x85\n\n", [b"\xe2\x80\xa8\x0b\x0c\x85"]),
    ],
)
def test_events_are_read_as_the_standard_has_them(stream, events):
    assert read(stream) == events


@given(
    st.lists(st.sampled_from([b"data: a", b"data: \xc3\xbc", b": c", b"", b"event: e", b"data:"]), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_an_event_is_complete_with_the_last_byte_of_its_empty_line_and_not_before(lines, end):
    stream = b"".join(line + end for line in lines)
    events = list(Events(stream))
    for at, (_, complete) in enumerate(events):
        assert list(Events(stream[:complete])) == events[: at + 1]
        assert list(Events(stream[: complete - len(end)])) == events[:at]


def test_an_event_that_the_end_left_open_is_kept_apart():
    events = Events(b"data: a\n\ndata: b\ndata: c")
    assert [data for data, _ in events] == [b"a"]
    assert events.rest == b"b\nc"


def test_nothing_is_left_after_a_whole_stream():
    events = Events(b"data: a\n\n: bye")
    assert list(events) == [(b"a", 9)]
    assert (events.rest, events.strange) == (None, None)


def test_the_first_line_that_no_event_stream_has_is_remembered():
    events = Events(b": ok\nevent: x\n<html>\n<body>\n")
    assert list(events) == []
    assert events.strange == b"<html>"
