"""Work out every test vector anew from the rules in README.md, and compare.

Usage: python vectors/verify.py vectors/

Exits 0 only where every vector of every file could be worked out and agrees. It needs nothing
but Python 3.11 or later, and shares no code with the library.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

from verifier import intervals, plans, preparations, quantities, supply

AREAS = {
    "quantities": quantities,
    "measures": preparations,
    "plans": plans,
    "diaries": plans,
    "intervals": intervals,
    "supply": supply,
}
ABSENT = "(absent)"


def difference(ours, theirs, path):
    """The first place where two values from JSON are not alike, with both values; or None."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = [
            (f"{path}.{key}", ours.get(key, ABSENT), theirs.get(key, ABSENT))
            for key in sorted(ours.keys() | theirs.keys())
        ]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{path}[{n}]", *pair) for n, pair in enumerate(zip(ours, theirs, strict=True))]
    else:
        same = type(ours) is type(theirs) and ours == theirs
        return None if same else f"{path}: worked out {short(ours)}, in the file {short(theirs)}"
    found = (difference(one, other, where) for where, one, other in pairs)
    return next((each for each in found if each), None)


def short(value):
    """A value in at most 100 characters."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 100 else text[:97] + "..."


def complaint(vector, file):
    """What is to be said against a vector, or None where it agrees."""
    try:
        result, expected = AREAS[file["area"]].answer(vector, file)
    except Exception as error:
        return f"cannot be worked out: {type(error).__name__}: {short(str(error))}"
    return difference(result, vector["result"], "result") or difference(
        expected, vector["expected"], "expected"
    )


def check_file(path, area, seen):
    """Print how many vectors of a file agree, and each that does not; whether all do."""
    try:
        file = json.loads(path.read_text(encoding="utf-8"), parse_float=Fraction)
        vectors = [vector for group in file["groups"] for vector in group["vectors"]]
        if file["schema"] != "ldn-titration/vectors/1" or file["area"] != area:
            raise ValueError("another schema or area than the file's name says")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{path.name}: cannot be read: {error}")
        return False
    complaints = []
    for vector in vectors:
        twice = "another vector has the same id" if vector["id"] in seen else None
        if said := twice or complaint(vector, file):
            complaints.append(f"  {vector['id']}: {said}\n")
        seen.add(vector["id"])
    print(f"{path.name}: {len(vectors) - len(complaints)} verified, {len(complaints)} disagree")
    if file["count"] != len(vectors):
        complaints.append(f"  count: there are {len(vectors)}, the file says {file['count']}\n")
    print("".join(complaints), end="")
    return bool(vectors) and not complaints


def main(arguments):
    """Check every file of a folder."""
    if len(arguments) != 1:
        print("usage: python vectors/verify.py FOLDER", file=sys.stderr)
        return 2
    seen = set()
    results = [check_file(Path(arguments[0], f"{area}.json"), area, seen) for area in AREAS]
    print(f"{len(seen)} vectors: {'all agree' if all(results) else 'NOT all agree'}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
