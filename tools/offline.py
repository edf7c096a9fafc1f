"""Say what a built site would load from elsewhere, and fail if there is anything.

A link to another host is fine: the reader decides. What the browser would fetch by itself is not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ELSEWHERE = re.compile(r"(?:[a-z]+:)?//")
LOADED = {("link", "href"), ("object", "data"), ("use", "href"), ("image", "href")}
LOADED_OF_ANY = {"src", "srcset", "poster", "background"}
IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:[a-z]+:)?//[^"')\s]+)""")
IN_SCRIPT = re.compile(r"""["'`]((?:https?|wss?)?:?//[^"'`\s]+)""")
NAMESPACES = ("http://www.w3.org/",)


class Page(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and (name in LOADED_OF_ANY or (tag, name) in LOADED):
                self.loaded += [value] if ELSEWHERE.match(value) else []
            if name == "style" and value:
                self.loaded += IN_STYLE.findall(value)


def loaded(path: Path) -> Iterator[str]:
    """What one file would load from elsewhere."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        page = Page()
        page.feed(text)
        yield from page.loaded
        yield from IN_STYLE.findall("".join(re.findall(r"<style.*?</style>", text, re.DOTALL)))
    elif path.suffix == ".css":
        yield from IN_STYLE.findall(text)
    elif path.suffix == ".js":
        found = IN_SCRIPT.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
        yield from (url for url in found if not url.startswith(NAMESPACES))


def main(arguments: list[str]) -> int:
    """Read every file of a site."""
    site = Path(arguments[0])
    files = sorted(path for path in site.rglob("*") if path.suffix in {".html", ".css", ".js"})
    told = [f"{path.relative_to(site)}: {url}" for path in files for url in loaded(path)]
    print("\n".join(told) or f"{len(files)} files, and nothing that is loaded from elsewhere")
    return 1 if told or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
