"""The command line: ``plmsproto decode``, ``convert``, ``encode``, ``items``.

One module a sub-command (``decode``, ``convert``, ``encode``, ``items``), one for what the decoder reads
(``sources``), and a package for what it prints (``views``). Protocol rules and archives live in the library; here are
arguments, languages and colours.

Exit status: 0 all well, 1 something in the input was wrong (everything else was still printed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    if missing := [name for name in ("rich", "simplejson") if find_spec(name) is None]:
        install = "install the command line with: pip install 'plmsproto[cli]'"
        print(f"plmsproto: {' and '.join(missing)} missing; {install}", file=sys.stderr)
        return 2
    from . import convert, decode, encode, items
    from .options import UsageError, complain

    parser = _parser()
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (decode, convert, encode, items):
        module.add_parser(commands)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        complain(str(error))
        return 2
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `| head`. Keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    from .. import IMPLEMENTATION, __version__

    parser = argparse.ArgumentParser(
        prog="plmsproto",
        description="Frames of Q/GDW 130-2005, Q/GDW 376.1-2009 and Q/GDW 1376.1-2013: decode, convert archives, "
        "encode, look items up.",
    )
    parser.add_argument("--version", action="version", version=f"plmsproto {__version__} ({IMPLEMENTATION})")
    return parser
