"""The book of a cohort: its regimens and preparations, each by an identifier."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.preparation import AnyPreparation
from ldn_titration.regimen import Regimen
from ldn_titration.request import RequestRegimen
from ldn_titration.strict_json import duplicates, read_json
from ldn_titration.values import Value, printable

__all__ = ["Book", "read_book"]

BOOK_SCHEMA = "ldn-titration/book/1"


class Book(Value):
    """What the identifiers in a table of patients stand for, written as in a request.

    An identifier of a regimen that is not in it is that of a published protocol.

    >>> book = Book(
    ...     schema="ldn-titration/book/1",
    ...     preparations={"caps": {"form": "capsules", "strengths": ["1.5 mg"]}},
    ... )
    >>> len(book.regimen("brief_004_standard").steps)
    3
    """

    schema_: Literal["ldn-titration/book/1"] = Field(alias="schema", examples=[BOOK_SCHEMA])
    regimens: dict[str, RequestRegimen] = Field(default={})
    preparations: dict[str, AnyPreparation]

    def regimen(self, key: str) -> Regimen:
        """The regimen of that identifier; InvalidInputError where there is none."""
        asked = self.regimens.get(key)
        if asked is not None:
            return asked.regimen()
        try:
            return Regimen.from_protocol(key)
        except InvalidInputError as error:
            missing = f"{printable(key)} is not in the book; as a protocol:"
            raise InvalidInputError(
                Problem("regimen", f"{missing} {each.message}") for each in error.problems
            ) from None

    def preparation(self, key: str) -> AnyPreparation:
        """The preparation of that identifier; InvalidInputError where there is none."""
        if key not in self.preparations:
            message = f"the book has none of that name: {printable(key)}"
            raise InvalidInputError([Problem("preparation", message)])
        return self.preparations[key]


def read_book(data: bytes) -> Book:
    """The book in a JSON text; raises InvalidInputError with every problem found."""
    tree = read_json(data, "book")
    problems = [Problem(printable(path), message) for path, message in duplicates(tree)]
    if problems:
        raise InvalidInputError(problems)
    return Book.model_validate(tree)
