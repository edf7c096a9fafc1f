"""The error tree: everything this library raises on purpose.

::

    LdnTitrationError
    |-- InvalidInputError     (ValueError)  a model or a request is wrong; lists every Problem
    |-- QuantityError         (ValueError)  text or a number that is no quantity
    |   `-- DimensionError    (TypeError)   two quantities that do not go together
    |-- NotMeasurableError    (ValueError)  a dose that a preparation cannot measure
    |-- UndrawableTextError   (ValueError)  a character that the page's font cannot draw
    |-- MissingExtraError                   an optional part that is not installed
    `-- KnowledgeError                      the shipped knowledge base is damaged

Errors are about data. What is wrong with starting naltrexone in a patient is a
:class:`~ldn_titration.Finding`, never an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldn_titration.quantities import Mass

__all__ = [
    "MOST_TOLD",
    "DimensionError",
    "InvalidInputError",
    "KnowledgeError",
    "LdnTitrationError",
    "MissingExtraError",
    "NotMeasurableError",
    "Problem",
    "QuantityError",
    "UndrawableTextError",
]


MOST_TOLD = 100
"""How many problems of one input are told one by one."""


class LdnTitrationError(Exception):
    """Any error that this library raises on purpose."""


class Problem(NamedTuple):
    """One thing that is wrong with an input, and where."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidInputError(LdnTitrationError, ValueError):
    """An input that cannot be read as what it should be.

    ``problems`` holds every :class:`Problem` found, not only the first; of an input that is
    absurd, as many as are worth telling, and ``more`` is how many there are beside them. As
    text, the first 100 are told, and how many more there are.

    >>> from ldn_titration import TitrationStep
    >>> try:
    ...     TitrationStep(dose="4.5", days=0)
    ... except InvalidInputError as error:
    ...     print(error)
    dose: "4.5" lacks its unit, as in "1.5 mg"
    days: must be 1 or more, not 0
    """

    def __init__(self, problems: Iterable[Problem], more: int = 0) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.more = more
        lines = [str(problem) for problem in self.problems[:MOST_TOLD]]
        untold = len(self.problems) - len(lines) + more
        told = f"and {untold:,} more problems: these are the first {len(lines)}"
        super().__init__("\n".join([*lines, told] if untold else lines))


class QuantityError(LdnTitrationError, ValueError):
    """Text or a number that is not the quantity asked for."""


class DimensionError(QuantityError, TypeError):
    """Quantities of different dimensions added, compared or combined without sense."""


class NotMeasurableError(LdnTitrationError, ValueError):
    """A dose that a preparation cannot measure exactly.

    ``below`` and ``above`` are the nearest doses that it can (None where there is none);
    ``step`` is the titration step that asked, from 1, where one did. ``also`` holds the
    same of later steps.
    """

    def __init__(
        self,
        dose: Mass,
        by: str,
        below: Mass | None,
        above: Mass | None,
        step: int | None = None,
        also: tuple[NotMeasurableError, ...] = (),
    ) -> None:
        self.dose: Mass = dose
        self.by: str = by
        self.below: Mass | None = below
        self.above: Mass | None = above
        self.step: int | None = step
        self.also: tuple[NotMeasurableError, ...] = also
        where = f"step {step}: " if step is not None else ""
        sides = ((below, "below"), (above, "above"))
        near = " and ".join(f"{mass} {side}" for mass, side in sides if mass)
        own = f"{where}{dose} cannot be measured exactly with {by}; nearest: {near or 'none'}"
        super().__init__("\n".join([own, *map(str, also)]))

    def at_step(self, step: int, also: tuple[NotMeasurableError, ...] = ()) -> NotMeasurableError:
        """The same error, naming the titration step (from 1) that asked for the dose."""
        return NotMeasurableError(self.dose, self.by, self.below, self.above, step, also)


class UndrawableTextError(LdnTitrationError, ValueError):
    """A text with a character that the page's font cannot draw."""


class MissingExtraError(LdnTitrationError):
    """An optional part that is not installed; ``extra`` is what to install."""

    def __init__(self, extra: str, wanted_for: str) -> None:
        self.extra = extra
        super().__init__(
            f"{wanted_for} needs an optional part that is not installed: "
            f'pip install "ldn-titration[{extra}]"'
        )


class KnowledgeError(LdnTitrationError):
    """The shipped knowledge base does not read as it should."""
