"""A FHIR Bundle opened: its entries, what a reference leads to, and what makes it incomplete.

Errors are about the data: no Bundle, another FHIR version, a misspelt resource type, the
same resource twice, two patients. What is whole but may not be all (a further page, an
OperationOutcome, an unknown modifier, a reference that leads nowhere) is incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.bundle.elements import ELEMENTS, RESOURCE_TYPES
from ldn_titration.intake.bundle.tree import Node, walk
from ldn_titration.values import printable

__all__ = ["Entry", "OpenBundle", "open_bundle"]


class Entry(NamedTuple):
    """One resource of the Bundle, with its type, its id and its address there."""

    node: Node
    kind: str
    id: str
    url: str

    @property
    def local(self) -> str:
        """Its address within the server it comes from, such as ``Medication/7``."""
        return f"{self.kind}/{self.id}" if self.id else ""


MAX_ENTRIES = 1_500
"""How many resources a Bundle may have; one of 1 MiB has some thousand of usual ones."""


class OpenBundle(NamedTuple):
    """The entries of a Bundle in their order, and what makes it incomplete."""

    entries: tuple[Entry, ...]
    incomplete: tuple[Problem, ...]
    addresses: Mapping[str, Entry]

    def find(self, reference: str) -> Entry | None:
        """The entry that a reference leads to, if it is in the Bundle."""
        return self.addresses.get(_unversioned(reference))


def open_bundle(tree: Node) -> OpenBundle:
    """The opened Bundle; raises InvalidInputError with every fault of its structure."""
    if tree.value.get("resourceType") != "Bundle":
        raise InvalidInputError([Problem("resourceType", 'must be "Bundle"')])
    faults = list(_other_versions(tree))
    entries, unread = _entries(tree, faults)
    faults += [*_unknown_types(tree, entries), *_twice(entries), *_contained_twice(entries)]
    addresses = {each: entry for entry in entries for each in (entry.url, entry.local) if each}
    opened = OpenBundle(tuple(entries), (), addresses)
    subjects, loose = _subjects(opened, faults)
    if len(subjects) > 1:
        faults += _mixed(subjects)
    if faults:
        raise InvalidInputError(dict.fromkeys(faults))
    own = (*_of_the_bundle(tree), *unread, *loose, *_modifiers(tree), *_unknown_elements(opened))
    if not subjects:
        own = (*own, Problem("bundle", "names no patient"))
    return opened._replace(incomplete=tuple(dict.fromkeys(own)))


# --- versions and types ---------------------------------------------------------------

_PROFILE = re.compile(r"http://hl7\.org/fhir/(?:([0-9.]+)/)?StructureDefinition/[^|]*(?:\|(.*))?")


def _other_versions(tree: Node) -> Iterator[Problem]:
    """Every place that states another version of FHIR than 4."""
    for path, name, value in walk(tree):
        listed = value if isinstance(value, list) else [value]
        if name == "fhirVersion" and not all(_is_r4(each) for each in listed):
            yield Problem(printable(path), "must be a version of FHIR R4, such as 4.0.1")
        if name == "profile" and not all(_is_r4_profile(each) for each in listed):
            yield Problem(printable(path), "must be a profile of FHIR R4")


def _is_r4(version: object) -> bool:
    return isinstance(version, str) and (version.startswith("4.") or version in {"R4", "R4B"})


def _is_r4_profile(profile: object) -> bool:
    found = _PROFILE.fullmatch(profile) if isinstance(profile, str) else None
    return found is None or all(each is None or each.startswith("4.") for each in found.groups())


def _unknown_types(tree: Node, entries: Iterable[Entry]) -> Iterator[Problem]:
    for path, name, kind in walk(tree):
        known = isinstance(kind, str) and kind in RESOURCE_TYPES
        if name == "resourceType" and not known:
            yield Problem(printable(path), "is no resource type of FHIR R4")
    for entry in entries:
        if "resourceType" not in entry.node.value:
            yield Problem(entry.node.at("resourceType"), "is required")


# --- entries --------------------------------------------------------------------------


def _entries(tree: Node, faults: list[Problem]) -> tuple[list[Entry], list[Problem]]:
    """The entries that hold a resource; what is said of the others."""
    entries: list[Entry] = []
    unread: list[Problem] = []
    _refuse_too_many(tree)
    for holder in tree.children("entry"):
        unread += _of_the_holder(holder)
        node = holder.child("resource")
        if node is None:
            unread.append(Problem(holder.path, "holds no resource"))
            continue
        kind = node.text("resourceType")
        entries.append(Entry(node, kind, node.text("id"), _unversioned(holder.text("fullUrl"))))
        if kind in _HOLDS_OTHERS:
            unread.append(Problem(node.path, f"is a {kind}, which is not opened"))
        if kind == "OperationOutcome":
            told = "is an OperationOutcome: the server warns of something, or something failed"
            unread.append(Problem(node.path, told))
    if not tree.children("entry"):
        unread.append(Problem("entry", "the Bundle is empty"))
    return entries, unread


def _refuse_too_many(tree: Node) -> None:
    count = len(tree.children("entry"))
    if count > MAX_ENTRIES:
        message = f"has {count} resources; at most {MAX_ENTRIES} are read: split the Bundle"
        raise InvalidInputError([Problem("entry", message)])


_HOLDS_OTHERS = frozenset({"Bundle", "Parameters"})


def _of_the_holder(holder: Node) -> Iterator[Problem]:
    """What an entry says of itself: that it was removed, or that it failed."""
    request, response = holder.child("request"), holder.child("response")
    method = request.text("method") if request else ""
    if method not in {"", "POST", "PUT", "GET"}:
        yield Problem(holder.path, f"asks for {printable(method)}, which is not carried out")
    status = response.text("status") if response else ""
    if status and not status.startswith("2"):
        yield Problem(holder.path, f"tells the status {printable(status)}")


def _unversioned(reference: str) -> str:
    return reference.partition("/_history/")[0]


def _twice(entries: Iterable[Entry]) -> Iterator[Problem]:
    """Every entry whose address another one had before."""
    seen: set[str] = set()
    for entry in entries:
        own = {entry.url, entry.local} - {""}
        if own & seen:
            yield Problem(entry.node.path, "stands twice: its fullUrl or id is another entry's")
        seen |= own


def _contained_twice(entries: Iterable[Entry]) -> Iterator[Problem]:
    for entry in entries:
        seen: set[str] = set()
        for node in entry.node.children("contained"):
            own = node.text("id")
            if own in seen:
                yield Problem(node.at("id"), "stands twice among the contained resources")
            seen |= {own} - {""}


# --- whose it is ----------------------------------------------------------------------


def _subjects(opened: OpenBundle, faults: list[Problem]) -> tuple[dict[str, str], list[Problem]]:
    """Each patient spoken of, with the path of the first mention; what is not sure."""
    found: dict[str, str] = {}
    loose: list[Problem] = []
    for entry in opened.entries:
        if entry.kind == "Patient":
            found.setdefault(entry.url or entry.local or entry.node.path, entry.node.path)
            continue
        told = _subject_of(entry)
        if told is None:
            if entry.kind in ELEMENTS and entry.kind not in _OF_NOBODY:
                loose.append(Problem(entry.node.path, "names no patient"))
            continue
        try:
            who, problem = _who(told, entry, opened)
        except InvalidInputError as error:
            faults += error.problems
            continue
        if who:
            found.setdefault(who, told.path)
        if problem:
            loose.append(Problem(told.path, problem))
    return found, loose


_OF_NOBODY = frozenset({"Medication", "List", "Bundle"})


def _subject_of(entry: Entry) -> Node | None:
    for name in ("subject", "patient"):
        if isinstance(entry.node.value.get(name), Mapping):
            return entry.node.child(name)
    return None


def _who(told: Node, entry: Entry, opened: OpenBundle) -> tuple[str, str]:
    """The patient meant, by the address of its entry or as it was told; and what is unsure."""
    reference = _unversioned(told.text("reference"))
    if not reference:
        return "", "names its patient without a reference"
    if reference.startswith("#"):
        return "", "has a patient of its own, contained; whether it is the same is not known"
    patient = opened.find(reference)
    if patient is None:
        of_patient = "Patient/" in reference or reference.startswith("urn:")
        missing = f"leads to {printable(reference)}, which is not in the Bundle"
        return (reference if of_patient else ""), missing
    if patient.kind != "Patient":
        needed = entry.kind in ELEMENTS
        return "", f"leads to a {patient.kind}, not to a Patient" if needed else ""
    return patient.url or patient.local, ""


def _mixed(subjects: Mapping[str, str]) -> Iterator[Problem]:
    first = next(iter(subjects.values()))
    for path in list(subjects.values())[1:]:
        yield Problem(path, f"is of another patient than {first}; a Bundle must be of one")


# --- what makes it incomplete ---------------------------------------------------------


def _of_the_bundle(tree: Node) -> Iterator[Problem]:
    if tree.text("type") not in _TYPES:
        yield Problem("type", "must be searchset, collection, document, transaction or batch")
    for link in tree.children("link"):
        if link.text("relation") in {"next", "previous", "prev"}:
            yield Problem(link.path, f"there is another page ({link.text('relation')})")
    total, here = tree.value.get("total", 0), len(tree.children("entry"))
    if not isinstance(total, int) or total > here:
        yield Problem("total", f"{printable(str(total))} are said to be found, and {here} are here")


_TYPES = frozenset({"searchset", "collection", "document", "transaction", "batch", "message"})
_PARTIAL = frozenset({"SUBSETTED", "REDACTED", "MASKED"})


def _modifiers(tree: Node) -> Iterator[Problem]:
    """Extensions that may turn a meaning round, rules not known, and parts left out."""
    for path, name, value in walk(tree):
        if name == "modifierExtension" and value:
            told = f"is not known and may change the meaning{_urls(value)}"
            yield Problem(printable(path), told)
        elif name == "implicitRules" and value:
            yield Problem(printable(path), "asks for rules that are not known")
        elif name in {"tag", "security"} and isinstance(value, list):
            codes = {each.get("code") for each in value if isinstance(each, Mapping)}
            for code in sorted(_PARTIAL.intersection(c for c in codes if isinstance(c, str))):
                yield Problem(printable(path), f"{code}: something was left out")


def _urls(value: Any) -> str:
    listed = value if isinstance(value, list) else []
    urls = [each["url"] for each in listed if isinstance(each, Mapping) and "url" in each]
    return "".join(f": {printable(str(url))}" for url in urls[:1])


def _unknown_elements(opened: OpenBundle) -> Iterator[Problem]:
    """Elements that FHIR R4 does not have in a resource that is read."""
    for entry in opened.entries:
        known = ELEMENTS.get(entry.kind)
        for name in entry.node.value if known else ():
            if known and name.removeprefix("_") not in known:
                yield Problem(printable(entry.node.at(name)), "is no element of it in FHIR R4")
