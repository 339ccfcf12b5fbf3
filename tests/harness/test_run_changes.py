"""What changed from one run to the next."""

from msgspec.structs import replace

from evalslo.harness.run_changes import difference, differences, history_entries
from evalslo.model.ledger import RunRecord

RUN = RunRecord(
    run_id="a", suite="s", service="s", environment=None, release=None, variant=None, source=None, verdict="pass",
    exit_code=0, started_at="2026-01-01T00:00:00+00:00", finished_at=None, version="0", fingerprint={}, objectives=(),
)  # fmt: skip


def test_what_differs_is_named_by_its_path():
    before = {"golden": "sha256:" + "a" * 64, "endpoint": {"model": "a", "params": {"seed": 7}}, "scorers": {"x": "1"}}
    after = {"golden": "sha256:" + "b" * 64, "endpoint": {"model": "b", "params": {"seed": 7}}, "judges": {"y": [1]}}
    assert differences(before, after) == (
        "endpoint.model: a -> b",
        f"golden: sha256:{'a' * 12} -> sha256:{'b' * 12}",
        'judges: {"y": [1]} is new',
        'scorers: {"x": "1"} is gone',
    )
    assert differences(before, before) == ()


def test_long_values_are_cut():
    (told,) = differences({"x": "a" * 500}, {"x": "b"})
    assert len(told) < 100


def test_each_run_is_held_beside_the_one_of_its_kind():
    runs = [
        replace(RUN, run_id="4", fingerprint={"m": "c"}),
        replace(RUN, run_id="3", fingerprint={"m": "z"}, variant="other"),
        replace(RUN, run_id="2", fingerprint={"m": "b"}),
        replace(RUN, run_id="1", fingerprint={"m": "b"}),
    ]
    assert [entry.changes for entry in history_entries(runs)] == [("m: b -> c",), (), (), ()]
    assert difference(runs[2], runs[0]).changes == ("m: b -> c",)
    assert history_entries([]) == ()
