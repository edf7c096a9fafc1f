"""Bad inputs: text that would act in a page, and files that a page would fetch."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html import escape

from bad_inputs.case import Case, refused_request
from bad_inputs.doors import face, known
from bad_inputs.pages import held, is_inert, pdf_of, pdf_text
from readers import Page, joined

TYPST = '#read("/etc/passwd") #image("file:///x.png") $ 7 * 7 $ \\u{41} @ref <label> [a](b) *b*'


def _is_only_words(text: str) -> None:
    """The page says the words as they stand, and nothing in it leads or acts."""
    request = held(text)
    html = face(request, "html").out
    assert escape(text) in html
    page = Page(html)
    assert page.outside == [], "no link, no source, no script, no handler"
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    data = pdf_of(request)
    is_inert(data)
    squeezed = joined([pdf_text(data)]).replace(" ", "")
    assert text.replace(" ", "") in squeezed


def _words_only(case: Case) -> None:
    (text,) = case.input.values()
    _is_only_words(text)


def _no_template(case: Case) -> None:
    _is_only_words(case.input["note"])
    _no_typesetting()


@cache
def _no_typesetting() -> None:
    """Nor what the typesetter of the PDF would evaluate or read."""
    assert "49" not in face(held("{{7*7}} {7*7} %(a)s $a"), "text").out
    _is_only_words(TYPST)
    assert "root:" not in pdf_text(pdf_of(held(TYPST)))


def _no_logo(case: Case) -> None:
    """There is no picture to ask for; its address is an unknown key, and as text no link."""
    logo = case.input["logo"]
    refused_request({**held("a"), "logo": logo}, "logo", "is no known key")
    refused_request(known(logo=logo), "patient.logo", "is no known key")
    _is_only_words(logo)


CASES: dict[str, Callable[[Case], None]] = {
    "B255": _words_only,
    "B256": _no_logo,
    "B257": _no_logo,
    "B259": _no_template,
    "B260": _words_only,
}

NOT_BUILT: dict[str, str] = {}
