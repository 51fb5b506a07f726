"""What the commands share: one clear line for a person, exit code 2 for bad input, 1 for a failing engine."""

from __future__ import annotations

import sys
from collections.abc import Callable


class InputError(Exception):
    """Something given on the command line or read from a file cannot be used; the message says what to do."""


class EngineError(Exception):
    """An engine gave no answer; what was finished before is safe in the samples file."""


def run(main: Callable[[], None], name: str) -> None:
    """Runs ``main``; an expected error becomes one line on stderr and an exit code instead of a traceback."""
    try:
        main()
    except InputError as error:
        _leave(f"{name}: error: {error}", 2)
    except EngineError as error:
        _leave(f"{name}: engine failed: {error}", 1)
    except OSError as error:  # a folder that may not be written, a full disk
        _leave(f"{name}: error: {_of_file(error)}", 2)
    except KeyboardInterrupt:
        _leave(f"{name}: interrupted; run the same command again to go on", 130)


def _of_file(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else " ".join(str(error).split())


def _leave(line: str, code: int) -> None:
    print(line, file=sys.stderr)
    sys.exit(code)
