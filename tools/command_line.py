"""The page of the command line: each command with its options, and the exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ldn_titration.cli.exits import MEANINGS
from ldn_titration.cli.parser import parser
from page_parts import table

HEAD = """# The command line and its exit codes

`ldn-titration COMMAND ...`, or `python -m ldn_titration COMMAND ...`. A request is a JSON file
([how it is written](request.schema.json)), or `-` for standard input. Where `--format` is not
given, `--out` tells it by its ending; else it is text on a terminal and JSON everywhere else.

"""
WHEN = {
    0: "The command did what it was asked. `screen`: the patient clears.",
    2: "One line a problem on standard error, each with the path of its field and what would be "
    "right. Nothing is written.",
    3: "`plan` and `supply`: the verdict is insufficient, hold or stop; the findings are on "
    "standard error, and nothing is written unless `--draft` is given. `screen`: the same "
    "verdicts, printed. `supply`: also where the order in the request is not enough. `opioid`: "
    "the name is not known here.",
    4: "The step, the dose, and the nearest doses below and above that can be measured.",
    5: "Names the extra to install.",
    70: "Told in one line, without a traceback; please report it.",
    130: "Control-C.",
}
ORDER = """
Where several apply, the first of 2, 5, 4, 3 is given. The cases under [behaviour](behaviour.md)
show each of them.
"""


def page() -> str:
    """Every command and its options, then the exit codes."""
    sub = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    words = {choice.dest: choice.help for choice in sub._choices_actions}
    commands = "\n".join(
        _command(name, words[name] or "", made) for name, made in sub.choices.items()
    )
    codes = table(
        ("code", "means", "in full"),
        ((code, means, WHEN[code]) for code, means in MEANINGS.items()),
    )
    return f"{HEAD}{commands}\n## Exit codes\n\n{codes}{ORDER}"


def _command(name: str, words: str, made: argparse.ArgumentParser) -> str:
    rows = list(_options(made))
    listed = table(("argument", "what it is"), rows)
    return f"## {name}\n\n{words[0].upper()}{words[1:]}.\n\n{listed}"


def _options(made: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in made._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
        metavar = "" if action.nargs == 0 or action.choices else f" {action.metavar or action.dest}"
        option = action.option_strings[-1] if action.option_strings else ""
        shown = f"{option}{metavar}".strip() or action.metavar or action.dest
        told = "; ".join(filter(None, (action.help, choices and f"one of {choices}")))
        default = f"; by default `{action.default}`" if action.default not in (None, False) else ""
        yield f"`{shown}`", f"{told}{default}"
