"""How `make docs` builds the site: plain Markdown in, pages that ask nothing of the network out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import ldn_titration

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import api_fields

project = "ldn_titration"
author = "the authors of ldn_titration"
release = version = ldn_titration.__version__
html_title = "ldn_titration"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
root_doc = "index"

myst_heading_anchors = 4

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_display_short_literal_types = True

html_theme = "furo"
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "font-stack": "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, Menlo, 'DejaVu Sans Mono', monospace",
        "color-brand-primary": "#0b5f66",
        "color-brand-content": "#0b5f66",
        "color-brand-visited": "#0b5f66",
        "color-api-name": "#0b5f66",
        "color-api-pre-name": "#5b6668",
        "color-sidebar-link-text": "#3f4a4c",
        "color-sidebar-link-text--top-level": "#3f4a4c",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7fd0d3",
        "color-brand-content": "#7fd0d3",
        "color-brand-visited": "#7fd0d3",
        "color-api-name": "#7fd0d3",
        "color-api-pre-name": "#9aa5a7",
        "color-sidebar-link-text": "#b8c2c4",
        "color-sidebar-link-text--top-level": "#b8c2c4",
    },
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
pygments_style = "default"
pygments_dark_style = "github-dark"


def make_accessible(
    _app: Any, _page: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Give the menu's captions their level, and let the keyboard scroll what is wide.

    The empty line that ends an example in the source is not shown.
    """
    for name in ("furo_navigation_tree", "body"):
        text = context.get(name, "")
        text = text.replace('role="heading">', 'role="heading" aria-level="2">')
        text = text.replace("<pre>", '<pre tabindex="0">')
        context[name] = re.sub(r"\n\s*\n</pre>", "\n</pre>", text)


def setup(app: Any) -> None:
    """Show the fields of values, and nothing that only Python needs."""
    app.connect("html-page-context", make_accessible, priority=900)
    app.connect("autodoc-skip-member", api_fields.skip)
    app.connect("autodoc-process-docstring", api_fields.list_fields)
