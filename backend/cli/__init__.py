"""The commands.

``main`` is ``altru-opt``; what it says about its own options needs nothing of the library, so nothing of it is loaded.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Runs ``altru-opt`` with the arguments of the process and returns its exit status."""
    if sys.argv[1:] in (["--help"], ["-h"]) and sys.stdout is not None:
        from altru_ir.backend.cli.options import make_parser

        try:
            sys.stdout.write(make_parser().format_help())
            sys.stdout.flush()
        except OSError:
            pass  # the driver says it
        else:
            return 0
    from altru_ir.backend.cli import opt

    return opt.main()
