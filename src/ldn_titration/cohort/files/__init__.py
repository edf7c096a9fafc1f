"""Cohorts in files: read in batches, written in parts; beside the command line the one place
where the library reads and writes.
"""

from ldn_titration.cohort.files.runs import Run, expand_files, screen_files, screen_omop

__all__ = ["Run", "expand_files", "screen_files", "screen_omop"]
