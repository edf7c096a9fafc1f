"""Bad inputs: what the pages are made of."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable
from functools import cache
from unittest.mock import patch

from bad_inputs.case import Case, accepted, good, refused, refused_request
from bad_inputs.doors import face, known, patient_wrong, says, screened
from bad_inputs.pages import held, pdf_cells, pdf_of, pdf_refused, pdf_rows, pdf_text
from conftest import ROOT
from ldn_titration import Mass
from ldn_titration.errors import UndrawableTextError
from ldn_titration.render import pdf
from readers import joined, read_html
from readers import read_json as read_plan_json


def _thousand_micrograms(case: Case) -> None:
    """Contract 3: in mg from 0.1 mg up, below that in mcg."""
    text = case.input["render"]
    assert str(Mass(text)) == "1 mg"
    assert str(Mass("100 mcg")) == "0.1 mg"
    assert str(Mass("99 mcg")) == "99 mcg"
    request = good(regimen={"steps": [{"dose": text, "days": 2}]}, length_days=2)
    document = json.loads(face(request, "json").out)
    assert [day["dose"] for day in document["days"]] == ["1 mg", "1 mg"]
    assert "1000" not in face(request, "text").out


def _every_day_is_there(case: Case) -> None:
    assert case.input == {"calendar": "126 days", "page": "A4"}
    request = good()
    exact = read_plan_json(face(request, "json").out, "bedtime")
    page = read_html(face(request, "html").out)
    assert len(page.rows) == len(exact.rows) == 126
    drawn = pdf_rows(pdf_of(request))
    for found in (page, drawn):
        assert [row.on for row in found.rows] == [row.on for row in exact.rows]
        assert [row.doses for row in found.rows] == [row.doses for row in exact.rows]


def _glyphs(case: Case) -> None:
    """The page has the reader's fonts; the PDF refuses what its font lacks, by name."""
    name = case.input["patient_name"]
    request = {**known(name=name), "length_days": 14}
    assert name in face(request, "html").out
    run = pdf_refused(request)
    for character in "鎮عمر":
        assert f"{character} (U+{ord(character):04X})" in run.err
    for character in "Łễ":
        assert f"{character} (" not in run.err
    latin = " ".join(name.split()[:2])
    assert latin in pdf_text(pdf_of({**request, **known(name=latin), "length_days": 14}))


def _micro_sign(case: Case) -> None:
    """Read as mcg and never printed; a font without it refuses the page."""
    assert case.input["unit_glyph"].startswith("\u00b5")
    dose = {"steps": [{"dose": "50 \u00b5g", "days": 2}]}
    drops = {"form": "drops", "concentration": "1 mg/mL", "drops_per_mL": 20}
    request = good(regimen=dose, preparation=drops, length_days=2)
    for name in ("json", "text", "html", "csv", "ics"):
        out = face(request, name).out
        assert "50 mcg" in out.replace("\u00a0", " "), name
        assert not {"\u00b5", "\u03bc"} & set(out), name
    fonts = pdf._drawable() - {0xB5}
    plan = accepted(known()).plan()
    with patch.object(pdf, "_drawable", lambda: fonts):
        patient = accepted(known(name="4 \u00b5g")).patient
        error = refused(lambda: pdf.plan_pdf(plan, patient=patient), "\u00b5 (U+00B5)")
    assert isinstance(error, UndrawableTextError)


def _long_note(case: Case) -> None:
    """Above 200 characters it is refused; 200 wrap, and every dose beside them is whole."""
    note = case.input["note"]
    refused_request(held(note), "diary[0].reason", "must be text of 1 to 200 characters")
    words = note[:200].strip()
    request = held(words)
    exact = read_plan_json(face(request, "json").out, "bedtime")
    data = pdf_of(request)
    assert [r.doses for r in pdf_rows(data).rows] == [r.doses for r in exact.rows]
    assert [r.doses for r in read_html(face(request, "html").out).rows] == [
        r.doses for r in exact.rows
    ]
    assert words in joined([pdf_cells(data)[exact.rows[2].on]])
    assert all(len(line) <= 80 for line in face(request, "text").out.splitlines())
    unbroken = held("x" * 200)
    assert [r.doses for r in pdf_rows(pdf_of(unbroken)).rows] == [r.doses for r in exact.rows]


def _direction_marks(case: Case) -> None:
    note = case.input["note"]
    assert "\u202e" in note
    refused_request(held(note), "diary[0].reason", "control character U+202E; remove it")
    patient_wrong("name", "U+202E", name=note)
    patient_wrong("assessed_by", "U+202E", assessed_by=note)
    patient_wrong("medications[0].name", "U+202E", medications=[note])
    patient_wrong("conditions[0]", "U+202E", conditions=[note])
    for mark in "\u200b\u200e\u2066\u2069\ufeff\u00ad":
        patient_wrong("name", f"U+{ord(mark):04X}", name=f"a{mark}b")


def _decimal_commas(case: Case) -> None:
    """No source asks for a locale, and a comma is refused wherever a number is read.

    That the bytes are the same under other locales is tested with whole processes.
    """
    assert case.input["locale"] == "nb_NO"
    _no_locale_in_the_sources()
    for text in ("1,5 mg", "1,500 mg", "1.500,5 mg", "1 500 mg", "1\u00a0500 mg"):
        refused(lambda text=text: Mass(text), "mg")
        request = good(regimen={"steps": [{"dose": text}]})
        refused_request(request, "regimen.steps[0].dose")


@cache
def _no_locale_in_the_sources() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            assert "locale" not in (*names, getattr(node, "module", "")), path
            if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
                *_, last = node.format_spec.values
                assert not str(getattr(last, "value", "")).endswith("n"), f"{path}:{node.lineno}"


def _case_mapping(case: Case) -> None:
    """The unit is read as written; names are folded by Unicode, whatever the locale."""
    assert case.input == {"locale": "tr_TR", "unit": "mg"}
    _no_locale_in_the_sources()
    assert str(Mass("1 mg")) == "1 mg"
    for text in ("1 MG", "1 Mg", "1 mG"):
        refused(lambda text=text: Mass(text), "mg")
    for name in ("MORPHINE", "morphine", "Tilidine", "TILIDINE"):
        says(screened(known(medications=[name])), "stop", "OPI-01")
    for name in ("MORPH\u0130NE", "morph\u0131ne"):
        assert str(screened(known(medications=[name])).verdict) == "insufficient"


def _narrow_terminal(case: Case) -> None:
    """The text is set for 80 columns whatever the terminal says; no dose is ever cut."""
    request = good()
    usual = face(request, "text").out
    for width in (case.input["width"], 1, 0, 10_000):
        with patch.dict(os.environ, {"COLUMNS": str(width), "LINES": "3"}):
            assert face(request, "text").out == usual
    assert usual.count("4.5 mg") > 1
    assert not any(line.endswith(("4.5", "4.5 m")) for line in usual.splitlines())
    assert all(len(line) <= 80 for line in usual.splitlines())


def _without_colour(case: Case) -> None:
    """Each step's first day says in words what changes: 5 January weeks start, then rise."""
    assert case.input["colour"] == "grey print"
    request = good(length_days=35)
    html = face(request, "html").out
    assert (html.count("START</strong>"), html.count("NEW: UP</strong>")) == (1, 4)
    text = pdf_text(pdf_of(request))
    days = ("4  START", "11  NEW: UP", "18  NEW: UP", "25  NEW: UP", "1  NEW: UP")
    assert all(each in text for each in days)
    assert text.count("NEW: UP") == 4
    lower = good(
        length_days=14, regimen={"steps": [{"dose": "1 mg", "days": 7}, {"dose": "0.5 mg"}]}
    )
    assert "NEW: DOWN</strong>" in face(lower, "html").out


CASES: dict[str, Callable[[Case], None]] = {
    "B240": _thousand_micrograms,
    "B241": _every_day_is_there,
    "B243": _glyphs,
    "B244": _micro_sign,
    "B245": _long_note,
    "B246": _direction_marks,
    "B247": _decimal_commas,
    "B248": _case_mapping,
    "B250": _narrow_terminal,
    "B251": _without_colour,
}

NOT_BUILT: dict[str, str] = {}
