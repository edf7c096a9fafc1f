"""How `make docs` builds the site: plain Markdown in, pages that ask nothing of the network out."""

from __future__ import annotations

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
suppress_warnings = ["misc.highlighting_failure"]

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_display_short_literal_types = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
pygments_style = "friendly"
pygments_dark_style = "native"


def setup(app: Any) -> None:
    """Show the fields of values, and nothing that only Python needs."""
    app.connect("autodoc-skip-member", api_fields.skip)
    app.connect("autodoc-process-docstring", api_fields.list_fields)
