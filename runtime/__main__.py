"""``python -m altru_ir.runtime --cflags --libs``: how a C program is compiled and linked with the runtime.

Example: ``cc $(python -m altru_ir.runtime --cflags) demo.c $(python -m altru_ir.runtime --libs)``.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from altru_ir.runtime import build, cache
from altru_ir.runtime.toolchain import unwinder


def main(arguments: list[str] | None = None) -> int:
    """Prints the flags that were asked for on one line; returns the exit status: 0 well, 2 usage or environment."""
    parser = argparse.ArgumentParser(
        prog="python -m altru_ir.runtime", description="How a C program is compiled and linked with the runtime."
    )
    parser.add_argument("--cflags", action="store_true", help="flags for compiling")
    parser.add_argument("--libs", action="store_true", help="flags for linking")
    parser.add_argument("--shared", action="store_true", help="with --libs: the shared library instead of the static one")
    parser.add_argument("--target", metavar="TRIPLE", help="another machine than this one (static library only)")
    parser.add_argument("--clear-cache", action="store_true", help="remove every library that was built for this user")
    options = parser.parse_args(arguments)
    if not (options.cflags or options.libs or options.clear_cache):
        parser.error("ask for --cflags, --libs or --clear-cache")
    if options.shared and options.target:
        parser.error("--shared is for this machine only; leave out --target")
    shown: list[str] = []
    try:
        if options.clear_cache:
            build.clear_cache()
        if options.cflags:
            shown.append(f"-I{build.include_dir()}")
        if options.libs:
            shown += _libs(build.shared_library() if options.shared else build.static_library(options.target))
            shown += [] if options.shared else unwinder(options.target)
    except build.RuntimeBuildError as error:
        print(f"error[{error.code}]: {error}", file=sys.stderr)
        return 2
    if shown:
        print(" ".join(map(_escaped, shown)))
    return 0


def _libs(library: Path) -> list[str]:
    """Flags that link ``library``. Raises ``RuntimeBuildError`` when it will not outlive this process."""
    if cache.is_temporary(library):
        raise build.RuntimeBuildError(
            f"the runtime's cache is not usable, because {cache.refusal()}; and what is built in a temporary directory "
            "is gone before your linker sees it. Set ALTRU_CACHE_DIR to a directory of yours with mode 0700"
        )
    if library.name == build.SHARED:
        return [str(library), f"-Wl,-rpath,{library.parent}", "-lpthread"]
    return [str(library), "-lpthread"]


def _escaped(flag: str) -> str:
    """A flag for a Makefile or ``eval``: what a shell would take apart is escaped, as pkg-config does."""
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", flag)


if __name__ == "__main__":
    sys.exit(main())
