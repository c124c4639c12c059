"""`python -m core …`: the operator's command line. The commands are in `core.cli`."""

import os
import sys

from core.cli import main


def run() -> int:
    """The exit code; a reader that left early (`… | head`) is no error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


if __name__ == "__main__":
    sys.exit(run())
