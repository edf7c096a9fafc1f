"""What the commands read and write: requests, overlays, faces."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ldn_titration.cli.out import write_file
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge
from ldn_titration.request import PlanRequest, read_request
from ldn_titration.strict_json import MAX_BYTES

__all__ = ["base_of", "data_in", "request_in", "stamp", "write"]


def stamp(base: Knowledge) -> dict[str, Any]:
    """Which knowledge base an output rests on."""
    return {"knowledge": {"version": base.version, "sha256": base.sha256}}


def base_of(options: argparse.Namespace) -> Knowledge:
    """The shipped knowledge base, or that of this site."""
    from ldn_titration.knowledge import knowledge

    if options.overlay is None:
        return knowledge()
    from ldn_titration.knowledge.overlay import overlaid

    with open(options.overlay, "rb") as file:
        return overlaid(file.read(MAX_BYTES + 1), options.overlay)


def data_in(name: str) -> bytes:
    """What is in that file, or on standard input where it is "-"; of too much, enough to tell."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(name, "rb") as file:
        return file.read(MAX_BYTES + 1)


def request_in(name: str) -> PlanRequest:
    """The request in that file, or on standard input where it is "-"."""
    return read_request(data_in(name))


def write(content: str | bytes, out: str | None = None, *, overwrite: bool = False) -> None:
    """Write to that file, whole or not at all, or to standard output."""
    data = content.encode() if isinstance(content, str) else content
    if out is not None:
        write_file(data, out, overwrite)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidInputError([Problem("standard output", str(error.strerror))]) from None
