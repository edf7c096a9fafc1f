"""Fuzz one parser for some seconds: ``fuzz.py TARGET [--seconds 120]``.

Guided by coverage where atheris is installed, else by a generator of seeded numbers. Any
error that is not ours ends the run, and its input is kept in build/fuzz/.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from proofs.result import ROOT

FOUND = ROOT / "build" / "fuzz"


def guided(name: str, seconds: int) -> None:
    """Fuzz under atheris, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["ldn_titration"]):
        from fuzzing.targets import TARGETS
        from fuzzing.trees import Source

    def once(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        number: Callable[[int, int], int] = provider.ConsumeIntInRange
        TARGETS[name](Source(number, provider.ConsumeUnicode))

    corpus = FOUND / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}", "-max_len=4096", "-timeout=30", "-rss_limit_mb=4096",
        f"-artifact_prefix={FOUND}/{name}-", "-verbosity=0", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()


def unguided(name: str, seconds: int) -> None:
    """Fuzz with numbers by seed; a fault prints its seed."""
    from fuzzing.targets import TARGETS
    from fuzzing.trees import Source

    until, seed = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        chance = random.Random(seed)
        text = _text(chance)
        try:
            TARGETS[name](Source(chance.randint, text))
        except Exception:
            print(f"seed {seed} of {name}")
            raise
        seed += 1
    print(f"stat::number_of_executed_units: {seed}")


def _text(chance: random.Random) -> Callable[[int], str]:
    def letter() -> str:
        return chr(chance.randint(*chance.choice([(32, 126), (0, 0x2FF), (0, 0x10FFFF)])))

    return lambda most: "".join(letter() for _ in range(chance.randint(0, most)))


def main(arguments: list[str]) -> int:
    """Fuzz what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--unguided", action="store_true")
    options = parser.parse_args(arguments)
    (guided if _has_atheris() and not options.unguided else unguided)(
        options.target, options.seconds
    )
    return 0


def _has_atheris() -> bool:
    from importlib.util import find_spec

    return find_spec("atheris") is not None


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main(sys.argv[1:]))
