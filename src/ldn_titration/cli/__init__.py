"""The command line: a request in, a face of the plan out, the exit code by what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ldn_titration.cli.exits import (
    DONE,
    INTERNAL,
    INTERRUPTED,
    NOT_INSTALLED,
    NOT_MEASURABLE,
    WRONG,
    failed,
)
from ldn_titration.cli.parser import parser
from ldn_titration.errors import (
    KnowledgeError,
    LdnTitrationError,
    MissingExtraError,
    NotMeasurableError,
)

__all__ = ["entry", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raises about data."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except NotMeasurableError as error:
        return failed(error, NOT_MEASURABLE)
    except MissingExtraError as error:
        return failed(error, NOT_INSTALLED)
    except KnowledgeError as error:
        return failed(error, INTERNAL)
    except (LdnTitrationError, OSError) as error:
        return failed(error, WRONG)
    except KeyboardInterrupt:
        return failed("interrupted", INTERRUPTED)
    except Exception as error:  # a fault of ours: told in one line, and nothing is written
        return failed(f"internal error, please report it: {error!r}", INTERNAL)


def entry() -> None:
    """Run one command and leave with its exit code: the console script."""
    code = main()
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or failed(f"standard output: {error.strerror}", WRONG)
    sys.exit(code)
