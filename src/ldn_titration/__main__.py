"""Run the command line as ``python -m ldn_titration``."""

from ldn_titration.cli import entry

entry()
