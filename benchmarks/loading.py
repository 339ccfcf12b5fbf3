"""How long golden sets of 100,000 rows take to read, beside decoding their JSON alone: `python benchmarks/loading.py`.

Processor seconds, the median of three readings; on a busy machine read the ratio.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from evalslo.loaders.golden import read_golden

ROWS = 100_000
READINGS = 3


def plain(i: int) -> dict[str, object]:
    return {"id": f"q{i}", "query": f"How long do refunds of kind {i} take?", "reference": ["five days", "5 days"]}


def rich(i: int) -> dict[str, object]:
    passages = [{"id": f"c{i}-{k}", "text": "Refunds are paid within five days of the return. " * 4} for k in range(2)]
    more = {
        "relevant": {f"c{i}-0": 2},
        "tags": {"topic": "refunds"},
        "language": "en",
        "answerable": True,
        "user": "u1",
    }
    return plain(i) | {"contexts": passages} | more


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(READINGS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def decode(path: Path) -> None:
    decoder = msgspec.json.Decoder()
    with path.open("rb") as file:
        for line in file:
            decoder.decode(line)


def main() -> None:
    print(f"{'rows':8} {'MB':>6} {'read_golden s':>14} {'JSON alone s':>13} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for make in (plain, rich):
            path = Path(folder) / f"{make.__name__}.jsonl"
            path.write_text("".join(json.dumps(make(i)) + "\n" for i in range(ROWS)), encoding="utf-8")
            ours, alone = seconds(lambda path=path: read_golden(path)), seconds(lambda path=path: decode(path))
            size = path.stat().st_size / 1e6
            print(f"{make.__name__:8} {size:6.1f} {ours:14.2f} {alone:13.2f} {ours / alone:6.1f}")


if __name__ == "__main__":
    main()
