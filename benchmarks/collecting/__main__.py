"""`python -m benchmarks.collecting`: what collecting costs, and how exact its times are."""

import argparse
import sys
from pathlib import Path

from benchmarks.collecting import measures
from benchmarks.collecting.page import Table, page

PAGE = Path(__file__).parents[2] / "docs" / "measured" / "collecting.md"


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.collecting", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="one run of each, and no large one")
    asked.add_argument("--only", nargs="+", choices=list(measures.ALL), help="these tables alone")
    asked.add_argument("--write", action="store_true", help=f"write {PAGE.name} in docs/measured")
    options = asked.parse_args()
    tables: list[Table] = []
    for name in options.only or measures.ALL:
        table = measures.ALL[name](runs=1 if options.quick else 3, quick=options.quick)
        print(table.text(), "\n", flush=True)
        tables.append(table)
    if options.write:
        if options.only or options.quick:
            sys.exit("--write keeps whole measurements only")
        PAGE.write_text(page(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
