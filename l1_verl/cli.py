"""One look for every command: an expected error is one line on stderr and an exit code, never a traceback.

Exit codes: 0; 1 an engine failed; 2 bad input; 3 some rows cannot be used, the others were; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

#: Exit code where some rows cannot be used and the others were.
SOME_UNUSABLE = 3

# Complaints that are printed.
_SHOWN = 5


class InputError(Exception):
    """Something given on the command line or read from a file cannot be used; the message says what to do."""


class EngineError(Exception):
    """An engine gave no answer; what was finished before is safe."""


class RefusedError(EngineError):
    """The engine will not take this one request, whatever becomes of the others."""


def run(main: Callable[[], int | None], name: str) -> NoReturn:
    """Runs ``main`` and leaves with its exit code; an expected error becomes one line and its own code.

    SIGTERM ends the command as an interrupt does, so that no temporary file is left.

    Args:
        main: the command; None counts as 0.
        name: what the line begins with.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        code = main()
    except InputError as error:
        _leave(f"{name}: error: {_one_line(error)}", 2)
    except EngineError as error:
        _leave(f"{name}: engine failed: {_one_line(error)}", 1)
    except OSError as error:  # a folder that may not be written, a full disk
        _leave(f"{name}: error: {_of_file(error)}", 2)
    except KeyboardInterrupt:
        _leave(f"{name}: interrupted; run the same command again to go on", 130)
    else:
        sys.exit(code or 0)


def tell_unusable(what: str, complaints: Sequence[str], count: int | None = None) -> int:
    """Prints on stderr how many rows cannot be used, and the first few of why.

    Args:
        what: what follows the number, such as "records cannot be used".
        complaints: why, one each; the first few are enough where ``count`` is given.
        count: how many there are, by default as many as complaints.

    Returns:
        ``SOME_UNUSABLE``, or 0 where there is none.
    """
    count = len(complaints) if count is None else count
    if not count:
        return 0
    shown = [f"\n  {' '.join(why.split())}" for why in complaints[:_SHOWN]]
    more = f"\n  and {count - len(shown):,} more" if count > len(shown) else ""
    print(f"{count:,} {what}:{''.join(shown)}{more}", file=sys.stderr)
    return SOME_UNUSABLE


def _of_file(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else _one_line(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _leave(line: str, code: int) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(code)
