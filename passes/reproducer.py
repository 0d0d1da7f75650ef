"""A reproducer: one file with a module and the pipeline that fails on it.

    // altru-opt --replay: -p 'cse' --verify-each
    // AttributeError: ...
    altru 1
    module @demo
    ...

``altru-opt --replay FILE`` runs that pipeline on that module. The first line is the command; further comments say what
happened. A pass of a file is named with the file, ``--load-pass FILE``; the file is not loaded for that, since a report may be
anybody's: who replays it says the same on the command line.

Invariant: ``read(write(...))`` gives the pipeline and the options back.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from itertools import pairwise

import attrs

HEAD = "// altru-opt --replay: "

_HEAD = re.compile(rf"^{re.escape(HEAD)}(.*)$", re.MULTILINE)


class NotAReproducer(ValueError):
    """Raised for a text whose head names no pipeline."""


def write(pipeline: str, text: str, *, verify_each: bool = False, says: str = "", files: Iterable[str] = ()) -> str:
    """The text of a reproducer: ``text`` is the module, ``says`` what happened, ``files`` are those of passes."""
    arguments = ["-p", pipeline, *(["--verify-each"] if verify_each else [])]
    arguments += [word for file in files for word in ("--load-pass", file)]
    lines = [HEAD + shlex.join(arguments), *(f"// {line}" for line in says.splitlines())]
    return "\n".join(lines) + "\n" + text


@attrs.frozen
class Head:
    """The pipeline of a reproducer, whether to verify after each pass, and the files of passes that it needs."""

    pipeline: str
    verify_each: bool
    files: tuple[str, ...]


def read(text: str) -> Head:
    """What the head of a reproducer says. Raises ``NotAReproducer``."""
    match = _HEAD.search(text)
    if match is None:
        raise NotAReproducer(f"this is no reproducer: no line begins with `{HEAD.strip()}`")
    words = shlex.split(match.group(1))
    if len(words) < 2 or words[0] != "-p":
        raise NotAReproducer(f"the head of this reproducer names no pipeline: `{match.group(1)}`")
    files = tuple(file for flag, file in pairwise(words[2:]) if flag == "--load-pass")
    return Head(words[1], "--verify-each" in words[2:], files)
