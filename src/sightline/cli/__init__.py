"""The command line: parse, call, print. A file bears the name of its command.

Results go to stdout, everything else to stderr; `--json` puts one JSON object on stdout. Exit code 0: done; 1: the work
failed; 2: wrong usage. An error is one or two plain lines; `--debug` shows where it came from.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

from cyclopts import CycloptsError

from sightline.cli.app import application
from sightline.errors import SightlineError


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run one command, and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
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
        code = _fail(" ".join(str(error).split()) + f" See sightline {named} --help.", 2, debug)
    except SightlineError as error:
        code = _fail(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        code = _fail("Stopped.", 1, debug)
    except BrokenPipeError:  # the reader, such as `head`, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        code = _fail("The memory of this machine is not enough. Try a smaller --batch-size or --img-size.", 1, debug)
    except Exception as error:  # a fault of ours: said plainly, and shown whole on request
        code = _fail(
            f"Something went wrong inside Sightline: {type(error).__name__}: {error}\nRun it again with --debug.",
            1,
            debug,
        )
    sys.exit(code)


def _fail(text: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"sightline: {text}", file=sys.stderr)
    return code
