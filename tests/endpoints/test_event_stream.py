import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.endpoints.sse import EventParser


def read(*chunks):
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


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
    st.data(),
)
def test_where_the_chunks_are_cut_changes_nothing(lines, end, data):
    stream = b"".join(line + end for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*chunks) == read(stream)


def test_an_event_that_the_end_left_open_is_kept_apart():
    parser = EventParser()
    assert parser.feed(b"data: a\n\ndata: b\nda") == [b"a"]
    assert parser.feed(b"ta: c") == []
    assert parser.rest() == b"b\nc"


def test_nothing_is_left_after_a_whole_stream():
    parser = EventParser()
    parser.feed(b"data: a\n\n: bye")
    assert parser.rest() is None


def test_the_first_line_that_no_event_stream_has_is_remembered():
    parser = EventParser()
    parser.feed(b": ok\nevent: x\n<html>\n<body>\n")
    assert parser.strange == b"<html>"


def test_an_empty_chunk_between_the_halves_of_a_line_end_changes_nothing():
    assert read(b"data: a\r", b"", b"\ndata: b\r\n\r\n") == [b"a\nb"]
