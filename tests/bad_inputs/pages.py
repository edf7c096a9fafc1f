"""The pages of a plan, as a reader of HTML and of PDF finds them."""

from __future__ import annotations

import io
import json
from datetime import date
from functools import cache

import pypdf

from bad_inputs.case import Run, aside, cli, good
from bad_inputs.doors import Json, face
from readers import Face, pdf_days, pdf_pages, read_pdf

DANGEROUS = {"/URI", "/JavaScript", "/JS", "/Launch", "/OpenAction", "/EmbeddedFile", "/AA"}


def held(reason: str) -> Json:
    """A short plan with a reason in its diary, which every page shows on its day."""
    event = {"event": "held", "on": "2027-01-06", "days": 2, "reason": reason}
    return good(length_days=14, diary=[event])


def pdf_of(request: Json) -> bytes:
    """The PDF of a plan, by the command line; made once, and not timed."""
    return _pdf_of(json.dumps(request))


@cache
def _pdf_of(request: str) -> bytes:
    with aside():
        return face(json.loads(request), "pdf").data


@cache
def pdf_rows(data: bytes) -> Face:
    """The days and doses of a PDF; read once, for a reader of PDF is slow."""
    with aside():
        return read_pdf(data)


@cache
def pdf_cells(data: bytes) -> dict[date, str]:
    """The words of each day's cell."""
    with aside():
        return dict(pdf_days(pdf_pages(data)))


@cache
def pdf_text(data: bytes) -> str:
    """The text of a PDF, without the breaks of its lines."""
    with aside():
        return "".join(pdf_pages(data)).replace("\n", "").replace("\u00a0", " ")


@cache
def _unsafe(data: bytes) -> set[str]:
    """What a PDF holds of links, actions, scripts and other files."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    catalog = reader.trailer["/Root"].get_object()
    found = {"/Annots" for page in reader.pages if "/Annots" in page}
    found |= DANGEROUS & {*catalog, *catalog.get("/Names", {})}
    return found | {name for name in DANGEROUS if f"{name} ".encode() in data}


def is_inert(data: bytes) -> None:
    """Demand that a PDF holds no link, no action, no script and no other file."""
    with aside():
        assert _unsafe(data) == set()


def pdf_refused(request: Json) -> Run:
    """The refusal of a PDF."""
    run = cli("plan", "-", "--format", "pdf", stdin=request)
    assert (run.code, run.out) == (2, "")
    return run
