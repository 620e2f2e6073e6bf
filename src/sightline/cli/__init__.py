"""The command line: parse, call, print. A file bears the name of its command.

Results go to stdout, everything else to stderr; `--json` puts one JSON object on stdout. Exit code 0: done; 1: the work
failed; 2: wrong usage. An error is one or two plain lines; `--debug` shows where it came from.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError

from sightline.cli.app import COMMANDS, application
from sightline.errors import NO_ROOM, SightlineError
from sightline.system.folding import fold


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run one command, and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is shown escaped
            stream.reconfigure(errors="backslashreplace")
    named = given[0] if given else ""
    code = 0
    try:
        command, bound, _ = application(named).parse_args(given, print_error=False, exit_on_error=False)
        command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
    except CycloptsError as error:
        code = _fail(_wrong_usage(error, named), 2, debug)
    except SightlineError as error:
        code = _fail(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        code = _fail("Stopped.", 1, debug)
    except BrokenPipeError:  # the reader, such as `head`, had enough
        _let_go_of_stdout()
    except OSError as error:
        if error.errno not in _MACHINES_OWN:
            code = _fail(_inside(error), 1, debug)
        else:
            where = f"{error.filename}: " if error.filename else "The output could not be written: "
            code = _fail(f"{where}{_MACHINES_OWN[error.errno]}.", 1, debug)
            _let_go_of_stdout()
    except Exception as error:  # a fault of ours is said plainly, and shown whole on request
        code = _fail(_inside(error), 1, debug)
    sys.exit(code)


_MACHINES_OWN = {
    **NO_ROOM,
    errno.EIO: "the disk or terminal fails to read or write",
    errno.EROFS: "the disk is read-only",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "the memory of this machine is not enough",
    errno.EAGAIN: "no more processes or threads may be started; raise the limit (ulimit -u)",
}


def _open_streams() -> None:
    """Where a stream was closed by whoever started this, what is said goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (for the whole process)


def _let_go_of_stdout() -> None:
    """What is left to be written goes nowhere, so that the interpreter does not fail over it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wrong_usage(error: CycloptsError, named: str) -> str:
    """What is wrong with a command line, in the words of its help."""
    said = " ".join(str(error).split())
    if isinstance(error, UnknownCommandError):
        said = said.partition(" Available commands:")[0]  # which would be cut in their middle
    elif isinstance(error, MissingArgumentError) and error.keyword is None and error.argument is not None:
        said = f"{error.argument.name.lstrip('-').upper()} is missing."
    known = f" {named}" if named in COMMANDS else ""
    return f"{said} See sightline{known} --help."


def _inside(error: Exception) -> str:
    from sightline.system.processes import is_short_of_memory

    if is_short_of_memory(error):
        return "The memory of this machine is not enough. Try a smaller --batch-size or --img-size."
    return f"Something went wrong inside Sightline: {type(error).__name__}: {error}\nRun it again with --debug."


def _fail(text: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    said = f"sightline: {text}"
    print(fold(said, shutil.get_terminal_size().columns) if sys.stderr.isatty() else said, file=sys.stderr)
    return code
