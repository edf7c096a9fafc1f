"""Mutation testing of the dosing core: ``mutate.py baseline``, ``run``, ``report``, ``try``.

``run`` tries each change that is not yet known to be noticed, and keeps what it finds in
build/mutation/results.json by the code of the changed function. A change that lives must be
killed by a new test, or stand in tests/data/equivalent_mutants.json under the reason why no
test can notice it. ``try TEST KEY`` tells whether that test (a file or a node) notices it;
``run --tests FILE ... --modules NAME ...`` tries these files alone, for much longer each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from mutation import baseline as measuring
from mutation.changes import Mutant, digests, mutants
from mutation.run import (
    BROKE_OFF,
    LIVED,
    MOST_SECONDS,
    Verdict,
    fits,
    in_new_processes,
    in_this_process,
    path_of,
    plugin,
    unknown,
    with_change,
)

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "build" / "mutation" / "results.json"
EQUIVALENT = ROOT / "tests" / "data" / "equivalent_mutants.json"

LONG_SECONDS = 25.0

MODULES = """
quantities quantity units preparation pieces dropper reading regimen course days plan schedule
diary replay supply bottles fills screening findings sig rules.case rules.completeness
rules.contraindications rules.dosing rules.exposures rules.interactions rules.monitoring
rules.procedures rules.washout
""".split()  # noqa: SIM905 - read as a list of words


def all_mutants(modules: Iterable[str]) -> list[Mutant]:
    """The changes of those modules, in their order."""
    return [mutant for name in modules for mutant in mutants(name, path_of(name).read_text())]


def digest(mutant: Mutant) -> str:
    """Of the function that it changes, or of the module where it changes no function."""
    return digests(path_of(mutant.module).read_text())[mutant.scope]


def kept() -> dict[str, dict[str, str]]:
    """By change: what killed it, and the digest of its function then."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def equivalent() -> dict[str, str]:
    """Changes that no test can notice, each with its reason."""
    reasons = json.loads(EQUIVALENT.read_text()) if EQUIVALENT.exists() else {}
    return {key: reason for reason, keys in reasons.items() for key in keys}


def known(mutant: Mutant, results: dict[str, dict[str, str]]) -> bool:
    """Whether it was killed when its function read as it does today."""
    result = results.get(mutant.key, {})
    return bool(result.get("by")) and result.get("digest") == digest(mutant)


def run(modules: list[str], workers: int, *, again: bool, tests: list[str] | None = None) -> None:
    """Try what is not known to be noticed, and keep what becomes of it."""
    results = {} if again else kept()
    waiting = [mutant for mutant in all_mutants(modules) if not known(mutant, results)]
    baseline = measuring.read()
    waiting.sort(key=lambda mutant: mutant.was.startswith(("'", '"')))
    within = [mutant for mutant in waiting if fits(mutant)]
    lived: list[Mutant] = []
    new: list[str] = []
    seconds = LONG_SECONDS if tests else MOST_SECONDS

    def loop(items: list[pytest.Item]) -> None:
        new.extend(unknown((item.nodeid for item in items), baseline))
        for verdict in in_this_process(items, within, baseline, workers, seconds):
            if verdict.state in {LIVED, BROKE_OFF}:
                lived.append(verdict.mutant)
                _tell(verdict)
            if verdict.state != BROKE_OFF:
                _keep(verdict, results)

    if waiting:
        collected = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *(tests or ["tests"])]
        if pytest.main(collected, plugins=[plugin(loop)]) not in {0, 5}:
            sys.exit("the tests could not be collected")
    print(f"{len(lived)} lived in the first round", flush=True)
    afresh = [mutant for mutant in waiting if mutant not in set(within)]
    if not tests:
        _in_child(afresh + (lived if again else []), new, workers, results)
    report(modules)


def _in_child(afresh, new, workers, results) -> None:  # type: ignore[no-untyped-def]
    """In a process that has not read the library, whatever was read here before."""
    listed = json.dumps({"mutants": [list(mutant) for mutant in afresh], "new": new})
    command = [sys.executable, __file__, "afresh", "--workers", str(workers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(listed)
        child.stdin.close()
        for line in child.stdout:
            mutant, state, by = json.loads(line)
            verdict = Verdict(Mutant(*mutant), state, by)
            if state in {LIVED, BROKE_OFF}:
                _tell(verdict)
            if state != BROKE_OFF:
                _keep(verdict, results)


def afresh(workers: int) -> None:
    """The changes on standard input, each tried in a process of its own."""
    asked = json.load(sys.stdin)
    listed = [Mutant(*mutant) for mutant in asked["mutants"]]
    for verdict in in_new_processes(listed, measuring.read(), asked["new"], workers):
        print(json.dumps([list(verdict.mutant), verdict.state, verdict.by]), flush=True)


def attempt(test: str, key: str) -> int:
    """Whether these tests notice a change, in a process that reads the changed module afresh."""
    (mutant,) = (each for each in all_mutants([key.split(":")[0]]) if each.key == key)
    passed = with_change(mutant, [test])
    print("LIVES" if passed else "noticed", key)
    return passed


def _keep(verdict: Verdict, results: dict[str, dict[str, str]]) -> None:
    results[verdict.mutant.key] = {"by": verdict.by, "digest": digest(verdict.mutant)}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    beside = RESULTS.with_suffix(".new")
    beside.write_text(json.dumps(results, indent=0, sort_keys=True))
    beside.replace(RESULTS)


def _tell(verdict: Verdict) -> None:
    state = "lives" if verdict.state == LIVED else verdict.by
    print(f"{state}: {_shown(verdict.mutant)}", flush=True)


def _shown(mutant: Mutant) -> str:
    return f"{path_of(mutant.module).relative_to(ROOT)}:{mutant.line}: {mutant.key}"


def report(modules: Iterable[str]) -> bool:
    """Print each change that lives, and the figures; whether all are noticed or explained."""
    every, results, reasons = all_mutants(modules), kept(), equivalent()
    keys = {mutant.key for mutant in every}
    noticed = [mutant for mutant in every if known(mutant, results)]
    explained = [m for m in every if m.key in reasons and not known(m, results)]
    left = [m for m in every if not known(m, results) and m.key not in reasons]
    lives = [m for m in left if results.get(m.key, {}).get("digest") == digest(m)]
    for mutant in lives:
        print(_shown(mutant))
    stale = sorted(key for key in reasons if key.split(":")[0] in set(modules) and key not in keys)
    for key in stale:
        print(f"explained, but no such change: {key}")
    print(
        f"{len(every):,} changes: {len(noticed):,} noticed, {len(explained):,} equivalent, "
        f"{len(lives):,} live, {len(left) - len(lives):,} not tried yet"
    )
    return not left and not stale


def main(arguments: list[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["baseline", "run", "afresh", "report", "try"])
    parser.add_argument("words", nargs="*", help="of try: a test and a change")
    parser.add_argument("--modules", nargs="+", default=MODULES)
    parser.add_argument("--tests", nargs="+", help="these files alone, for much longer each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="also what was noticed before")
    options = parser.parse_args(arguments)
    if options.what == "baseline":
        measuring.measured()
    elif options.what == "run":
        run(options.modules, options.workers, again=options.again, tests=options.tests)
    elif options.what == "try":
        return attempt(*options.words)
    elif options.what == "afresh":
        afresh(options.workers)
    else:
        return 0 if report(options.modules) else 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main(sys.argv[1:]))
