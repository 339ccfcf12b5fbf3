"""What a frozen noun costs as a dataclass, and as a msgspec Struct: to define, and to make.

python benchmarks/nouns.py
"""

from statistics import median
from time import process_time

CLASSES, OBJECTS, ROUNDS = 100, 100_000, 5
BODY = "a: int; b: str | None = None; c: float | None = None; d: tuple[str, ...] = (); e: int = 0; f: str = ''"
AS_DATACLASS = "@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)\nclass Noun: {body}\n"
AS_STRUCT = "class Noun(msgspec.Struct, frozen=True, kw_only=True): {body}\n"
IMPORTS = "import dataclasses, msgspec\n"
MAKING = f"for _ in range({OBJECTS}): Noun(a=1, b='x', c=2.0, d=(), e=3, f='q')"


def cpu_s(program: str, names: dict[str, object]) -> float:
    """CPU seconds of a program, its compiling left out."""
    code = compile(program, "nouns", "exec")
    began = process_time()
    exec(code, names)  # noqa: S102 - the programs stand above
    return process_time() - began


def measure(kind: str) -> tuple[float, float]:
    """Microseconds to define a class, and to make an object of it."""
    names: dict[str, object] = {}
    exec(IMPORTS, names)  # noqa: S102 - as above
    defining = cpu_s(kind.format(body=BODY) * CLASSES, names) / CLASSES
    return 1e6 * defining, 1e6 * cpu_s(MAKING, names) / OBJECTS


def main() -> None:
    """Prints medians of several rounds, the two kinds by turns."""
    rounds = [(measure(AS_DATACLASS), measure(AS_STRUCT)) for _ in range(ROUNDS)]
    print("CPU microseconds        define    make")
    for kind, name in enumerate(("frozen dataclass", "frozen Struct")):
        define, make = (median(one[kind][what] for one in rounds) for what in (0, 1))
        print(f"{name:<20} {define:>9.1f} {make:>7.2f}")


if __name__ == "__main__":
    main()
