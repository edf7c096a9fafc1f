"""The command line: a request in, a face of the plan out, the exit code by what went wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ldn_titration import __version__
from ldn_titration.errors import (
    InvalidInputError,
    KnowledgeError,
    LdnTitrationError,
    MissingExtraError,
    NotMeasurableError,
    Problem,
)
from ldn_titration.findings import Severity
from ldn_titration.knowledge import Knowledge
from ldn_titration.order import check_order
from ldn_titration.plan import Plan
from ldn_titration.regimen import MAX_DAYS
from ldn_titration.request import MAX_BYTES, PlanRequest, read_request, request_schema
from ldn_titration.supply import supply

__all__ = ["entry", "main"]

DONE, WRONG, NOT_CLEARED, NOT_MEASURABLE, NOT_INSTALLED = 0, 2, 3, 4, 5
INTERNAL, INTERRUPTED = 70, 130

_ENDINGS = {".txt": "text", ".json": "json", ".html": "html", ".pdf": "pdf", ".csv": "csv"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raises about data."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except NotMeasurableError as error:
        return _failed(error, NOT_MEASURABLE)
    except MissingExtraError as error:
        return _failed(error, NOT_INSTALLED)
    except KnowledgeError as error:
        return _failed(error, INTERNAL)
    except (LdnTitrationError, OSError) as error:
        return _failed(error, WRONG)
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)
    except Exception as error:  # a fault of ours: told in one line, and nothing is written
        return _failed(f"internal error, please report it: {error!r}", INTERNAL)


def entry() -> None:
    """Run one command and leave with its exit code: the console script."""
    sys.exit(main())


def _failed(error: object, code: int) -> int:
    if isinstance(error, OSError):
        error = f"{error.filename}: {error.strerror}"
    for line in str(error).splitlines():
        print(line, file=sys.stderr)
    return code


# --- commands -------------------------------------------------------------------------


def _plan(options: argparse.Namespace) -> int:
    face = _face(options)
    request = _request(options.request)
    if options.dateless and request.diary:
        message = "is for a plan without a diary: what happened has its dates"
        raise InvalidInputError([Problem("--dateless", message)])
    draw = _drawer(face, options, request)
    plan = request.plan(_base(options))
    if plan.status == "draft" and not options.draft:
        return _not_cleared(plan, "No plan is written; --draft writes one marked DRAFT.")
    _write(draw(plan), options.out)
    return DONE


def _not_cleared(plan: Plan, words: str) -> int:
    from ldn_titration.render.text import findings_text

    print(findings_text(plan.screening), end="", file=sys.stderr)
    print(words, file=sys.stderr)
    return NOT_CLEARED


def _supply(options: argparse.Namespace) -> int:
    request = _request(options.request)
    request.require_beyond_use()
    plan = request.plan(_base(options))
    needed = supply(plan, lead_days=options.lead_days, fill_days=options.fill_days)
    findings = check_order(request.order, plan, needed) if request.order else ()
    if plan.status == "draft" and not options.draft:
        return _not_cleared(plan, "No supply is worked out; --draft works one out, marked DRAFT.")
    if _text_or_json(options) == "json":
        from ldn_titration.export.supply import supply_json

        _write(supply_json(plan, needed, findings), None)
    else:
        from ldn_titration.render.text import supply_text

        _write(supply_text(plan, needed, findings), None)
    disagrees = any(finding.severity > Severity.INFO for finding in findings)
    return NOT_CLEARED if disagrees else DONE


def _screen(options: argparse.Namespace) -> int:
    request = _request(options.request)
    screening = request.screening(_base(options))
    if _text_or_json(options) == "json":
        _write(screening.model_dump_json() + "\n", None)
    else:
        from ldn_titration.render.text import screening_text

        _write(screening_text(screening), None)
    return DONE if screening.clears else NOT_CLEARED


def _protocols(options: argparse.Namespace) -> int:
    from ldn_titration.knowledge import knowledge

    protocols = list(knowledge().protocols.values())
    if _text_or_json(options) == "json":
        stamp = _stamp(knowledge())
        _write(_listed([{**row._asdict(), **stamp} for row in protocols]), None)
    else:
        from ldn_titration.render.text import protocols_text

        _write(protocols_text(protocols), None)
    return DONE


def _opioid(options: argparse.Namespace) -> int:
    base = _base(options)
    rows = base.named(options.name) or base.coded(options.name)
    if _text_or_json(options) == "json":
        sources = base.sources
        entries = [
            {
                **row._asdict(),
                "window": row.window,
                "sources": [sources[key]._asdict() for key in row.sources],
                **_stamp(base),
            }
            for row in rows
        ]
        _write(_listed(entries), None)
    elif rows:
        from ldn_titration.render.text import opioid_text

        _write(opioid_text(rows, base), None)
    if not rows:
        return _failed("not known here: it may be an opioid all the same", NOT_CLEARED)
    return DONE


def _self_check(options: argparse.Namespace) -> int:
    from ldn_titration.selfcheck import check

    base = _base(options)
    base.read_all()
    results = list(check(base))
    if _text_or_json(options) == "json":
        _write(_listed([{**result.told(), **_stamp(base)} for result in results]), None)
    else:
        from ldn_titration.render.text import self_check_text

        _write(self_check_text(results, base), None)
    return DONE if all(result.fired for result in results) else INTERNAL


def _schema(options: argparse.Namespace) -> int:
    if options.of == "request":
        schema = request_schema()
    else:
        from ldn_titration.export.document import plan_schema

        schema = plan_schema()
    _write(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", None)
    return DONE


def _listed(entries: list[dict[str, Any]]) -> str:
    lines = ",\n ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f"[{lines}]\n"


# --- in and out -----------------------------------------------------------------------


def _stamp(base: Knowledge) -> dict[str, Any]:
    """Which knowledge base an output rests on."""
    return {"knowledge": {"version": base.version, "sha256": base.sha256}}


def _base(options: argparse.Namespace) -> Knowledge:
    """The shipped knowledge base, or that of this site."""
    from ldn_titration.knowledge import knowledge

    if options.overlay is None:
        return knowledge()
    from ldn_titration.knowledge.overlay import overlaid

    with open(options.overlay, "rb") as file:
        return overlaid(file.read(MAX_BYTES + 1), options.overlay)


def _request(name: str) -> PlanRequest:
    if name == "-":
        return read_request(sys.stdin.buffer.read(MAX_BYTES + 1))
    with open(name, "rb") as file:
        return read_request(file.read(MAX_BYTES + 1))


def _face(options: argparse.Namespace) -> str:
    if options.format:
        return str(options.format)
    if options.out is None:
        return _text_or_json(options)
    face = _ENDINGS.get(Path(options.out).suffix.lower())
    if face is None:
        message = f"must end in one of {', '.join(_ENDINGS)}, or state --format"
        raise InvalidInputError([Problem("--out", message)])
    return face


def _text_or_json(options: argparse.Namespace) -> str:
    return str(options.format or ("text" if sys.stdout.isatty() else "json"))


def _drawer(face: str, options: argparse.Namespace, request: PlanRequest) -> Callable[[Any], Any]:
    """The function that draws the face; raises MissingExtraError before any work is done."""
    if face == "text":
        from ldn_titration.render.text import plan_text

        return plan_text
    if face == "json":
        from ldn_titration.export.document import plan_json

        return plan_json
    if face == "csv":
        from ldn_titration.export.tabular import plan_csv

        return plan_csv
    page = {
        "patient": request.patient,
        "dateless": options.dateless,
        "lead_days": options.lead_days,
        "order": request.order,
    }
    if face == "html":
        from ldn_titration.render.html import plan_html

        return lambda plan: plan_html(plan, **page)
    from ldn_titration.render.pdf import plan_pdf, require_typst

    require_typst()
    if options.out is None and sys.stdout.isatty():
        raise InvalidInputError([Problem("--out", "a PDF needs a file, such as calendar.pdf")])
    return lambda plan: plan_pdf(plan, paper=options.paper, **page)


def _write(content: str | bytes, out: str | None) -> None:
    data = content.encode() if isinstance(content, str) else content
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    if target.is_dir() or not target.parent.is_dir():
        raise InvalidInputError([Problem("--out", f"{out} is no file in a folder that exists")])
    _replace(target, data)


def _replace(target: Path, data: bytes) -> None:
    """Write beside the target and move into its place, so that no half file is ever left."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


# --- the parser -----------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ldn-titration",
        description="Plan low-dose naltrexone titrations. For clinicians; not a medical device, "
        "and its rules are not yet clinically reviewed.",
        epilog="Exit codes: 0 done; 2 the request is wrong; 3 screening does not clear; "
        "4 a dose that cannot be measured; 5 an optional part is not installed.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_plan(commands)
    supply_ = _command(commands, "supply", _supply, "say what to dispense, and when to make it")
    _add_request(supply_)
    _add_format(supply_)
    _add_lead_days(supply_)
    supply_.add_argument(
        "--fill-days", type=_days(1), metavar="N", help="the most days of one fill of capsules"
    )
    supply_.add_argument("--draft", action="store_true", help="also where screening does not clear")
    _add_overlay(supply_)
    screen = _command(commands, "screen", _screen, "say whether naltrexone may be started")
    _add_request(screen)
    _add_format(screen)
    _add_overlay(screen)
    _add_format(_command(commands, "protocols", _protocols, "list the published regimens"))
    opioid = _command(commands, "opioid", _opioid, "say what is known of an opioid")
    opioid.add_argument("name", metavar="NAME-OR-RXCUI")
    _add_format(opioid)
    _add_overlay(opioid)
    self_check = _command(commands, "self-check", _self_check, "show every rule its canaries")
    _add_format(self_check)
    _add_overlay(self_check)
    schema = _command(commands, "schema", _schema, "print a JSON Schema")
    schema.add_argument("of", choices=("request", "plan"))
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], words: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    made.set_defaults(run=run)
    return made


def _add_plan(commands: Any) -> None:
    plan = _command(commands, "plan", _plan, "make a plan and print it, or write it to a file")
    _add_request(plan)
    plan.add_argument("--format", choices=tuple(_ENDINGS.values()))
    plan.add_argument("--out", metavar="FILE", help="its ending tells the format")
    plan.add_argument("--draft", action="store_true", help="also where screening does not clear")
    plan.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of a PDF")
    plan.add_argument("--dateless", action="store_true", help="Day 1, Day 2, ... (html, pdf)")
    _add_lead_days(plan)
    _add_overlay(plan)


def _days(least: int) -> Callable[[str], int]:
    """The reader of an argument in whole days."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text[:9]) <= MAX_DAYS:
            words = f"must be a whole number of days from {least} to {MAX_DAYS}"
            raise argparse.ArgumentTypeError(words)
        return int(text)

    return read


def _add_lead_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lead-days", type=_days(0), default=0, metavar="N", help="how long before need to order"
    )


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request", metavar="REQUEST.json", help='a request file, or "-"')


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"))


def _add_overlay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overlay", metavar="FILE.toml", help="this site's additions to the rules")
