"""Cohorts: the same engine for a health system's worth of patients (extra ``cohort``)."""

from ldn_titration.cohort.book import Book, read_book
from ldn_titration.cohort.expanding import Expansion, expand
from ldn_titration.cohort.problems import RowProblem
from ldn_titration.cohort.screening import CohortScreening, screen

__all__ = ["Book", "CohortScreening", "Expansion", "RowProblem", "expand", "read_book", "screen"]
