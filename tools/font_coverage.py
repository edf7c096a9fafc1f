"""Write which characters the shipped font draws rightly, from its own table.

Only scripts that need no reordering or joining are counted: Latin, Greek, Cyrillic,
punctuation and symbols, and only where both weights have the character.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parents[1] / "src/ldn_titration/render/fonts"
SIMPLE = ((0x20, 0x052F), (0x1E00, 0x1FFF), (0x2000, 0x2BFF))
NEVER_SHOWN = {0xAD, 0x34F, *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x2030)}
DRAWN_AS_NOTHING = {0x200B}  # the zero-width space, which our own tables break at


def covered() -> list[int]:
    """The characters, ascending."""
    weights = [set(TTFont(path).getBestCmap()) for path in sorted(FONTS.glob("*.ttf"))]
    both = set.intersection(*weights) - (NEVER_SHOWN - DRAWN_AS_NOTHING)
    return sorted(code for code in both if any(low <= code <= high for low, high in SIMPLE))


def as_ranges(codes: list[int]) -> str:
    """The characters as lines of hexadecimal ranges."""
    lines, start = [], codes[0]
    for code, following in zip(codes, [*codes[1:], -1], strict=True):
        if following != code + 1:
            lines.append(f"{start:04X}-{code:04X}")
            start = following
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (FONTS / "coverage.txt").write_text(as_ranges(covered()), encoding="ascii")
