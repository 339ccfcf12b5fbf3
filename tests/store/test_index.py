"""Samples found again by where they stand: the first of each event, in any order that is asked for, at eight bytes each."""

import pytest
from msgspec.structs import replace

from evalslo.errors import MeasurementError
from evalslo.model.sample import Response, Sample
from evalslo.store.codec import encode_sample
from evalslo.store.index import SampleIndex


def sample(query_id, repeat=0, *, answer="a"):
    return Sample(query_id=query_id, repeat=repeat, response=Response(answer=answer), attempts=1, started_at="")


def number_of(query_id, repeat):
    """Two repeats of the queries q0 to q4 are planned."""
    return int(query_id[1:]) * 2 + repeat if query_id in {"q0", "q1", "q2", "q3", "q4"} and repeat < 2 else None


def index(path):
    return SampleIndex(path, events=10, number_of=number_of)


def write(path, *samples, end=b""):
    path.write_bytes(b"".join(map(encode_sample, samples)) + end)
    return index(path)


def test_samples_come_in_the_order_that_is_asked_for(tmp_path):
    kept = [sample("q2", answer="ü" * 400), sample("q0"), sample("q1", 1, answer="zwei\nZeilen")]
    found = write(tmp_path / "log", *kept)
    assert found.collected == 3
    assert list(found.samples([("q1", 1), ("q2", 0), ("q4", 0), ("q0", 0)])) == [kept[2], kept[0], kept[1]]
    assert list(found.samples([("q2", 0), ("q2", 0)])) == [kept[0], kept[0]]
    assert (("q1", 1) in found, ("q1", 0) in found, ("q9", 0) in found) == (True, False, False)


def test_the_first_sample_of_an_event_counts_and_one_that_is_not_planned_is_left_out(tmp_path):
    found = write(
        tmp_path / "log", sample("q9"), sample("q0", answer="first"), sample("q0", answer="second"), sample("q0", 2)
    )
    assert found.collected == 1
    (only,) = found.samples([("q0", 0), ("q9", 0), ("q0", 2)])
    assert only.response.answer == "first"


def test_blank_lines_and_a_torn_record_shift_nothing(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(
        b"\n  \n" + encode_sample(sample("q0")) + b"\n" + encode_sample(sample("q1")) + encode_sample(sample("q2"))[:-9]
    )
    found = index(path)
    assert [one.query_id for one in found.samples([("q1", 0), ("q0", 0), ("q2", 0)])] == ["q1", "q0"]


def test_without_a_log_nothing_was_collected(tmp_path):
    found = index(tmp_path / "none")
    assert (found.collected, list(found.samples([("q0", 0)]))) == (0, [])


@pytest.mark.parametrize(
    "line", [b"{}\n", b"nonsense\n", b'{"query_id": "q1", "repeat": "0"}\n', b'{"query_id": "q1", "repeat": 0}\n']
)
def test_what_is_no_sample_is_told_with_its_line(tmp_path, line):
    path = tmp_path / "log"
    path.write_bytes(encode_sample(sample("q0")) + b"\n" + line + encode_sample(replace(sample("q2"), attempts=2)))
    with pytest.raises(MeasurementError, match=r"log:3: not a sample"):
        list(index(path).samples([("q2", 0), ("q1", 0)]))
