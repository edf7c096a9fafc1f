"""Content lines of iCalendar (RFC 5545, section 3.1): escaped and folded text."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["END", "text_line"]

END = "\r\n"
"""What ends a content line."""

_OCTETS = 75


def text_line(name: str, words: str) -> str:
    """A content line with text, escaped, folded at 75 octets and never within a character."""
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    line = f"{name}:{escaped}".replace("\n", "\\n")
    if line.isascii():
        rest = (line[at : at + _OCTETS - 1] for at in range(_OCTETS, len(line), _OCTETS - 1))
        return f"{END} ".join([line[:_OCTETS], *rest])
    return f"{END} ".join(_folded(line))


def _folded(line: str) -> Iterator[str]:
    """The pieces of a line, each but the first to stand behind a space."""
    piece, room = "", _OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            yield piece
            piece, room = "", _OCTETS - 1
        piece, room = piece + character, room - size
    yield piece
