"""`python -m causalpima_core`: runs a command and turns every error into one line and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from causalpima_core.cli import conversion, queries, sharing
from causalpima_core.cli.commands import app
from causalpima_core.errors import CausalPimaError
from causalpima_core.runs.files import refusal
from causalpima_core.runs.supervisor import worker_environment


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; from ``sys.argv`` where not given.

    Returns:
        0 done; 2 bad input or usage; 130 cancelled; 1 anything else.
    """
    queries.register(app)
    conversion.register(app)
    sharing.register(app)
    command = typer.main.get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        os.environ.update(worker_environment())
        code = command.main(
            args=given, prog_name="python -m causalpima_core", standalone_mode=False
        )
    except CausalPimaError as error:
        return _say(str(error), error.exit_code)
    except OSError as error:
        known = refusal(error)
        if known is None:
            raise
        return _say(str(known), known.exit_code)
    except typer.TyperException as error:
        return _say(error.format_message(), error.exit_code)
    return code or 0


def _say(sentence: str, exit_code: int) -> int:
    print(f"error: {' '.join(sentence.split())}", file=sys.stderr)  # noqa: T201 - a CLI prints
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
