"""``python -m altru_ir.runtime --cflags --libs``: how a C program is compiled and linked with the runtime."""

from __future__ import annotations

import argparse
import shlex
import sys

from altru_ir.runtime import build


def main(arguments: list[str] | None = None) -> int:
    """Prints the flags that were asked for on one line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m altru_ir.runtime", description=__doc__)
    parser.add_argument("--cflags", action="store_true", help="flags for compiling")
    parser.add_argument("--libs", action="store_true", help="flags for linking")
    options = parser.parse_args(arguments)
    shown = []
    try:
        if options.cflags:
            shown.append(f"-I{build.include_dir()}")
        if options.libs:
            library = build.static_library()
            if build.is_temporary(library):  # it would be gone before the linker reads it
                raise build.RuntimeBuildError("there is no cache directory to leave the library in; see the warning above")
            shown.extend((str(library), "-lpthread"))
    except build.RuntimeBuildError as error:
        print(f"error[{error.code}]: {error}", file=sys.stderr)
        return 2
    if not shown:
        parser.error("ask for --cflags, --libs or both")
    print(shlex.join(shown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
