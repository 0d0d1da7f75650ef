"""A reproducer: one file with a module and the pipeline that fails on it.

    // altru-opt --replay: -p 'cse' --verify-each
    // AttributeError: ...
    altru 1
    module @demo
    ...

``altru-opt --replay FILE`` runs that pipeline on that module. The first line is the command; further comments say what
happened.

Invariant: ``read(write(...))`` gives the pipeline and the options back.
"""

from __future__ import annotations

import re
import shlex

HEAD = "// altru-opt --replay: "

_HEAD = re.compile(rf"^{re.escape(HEAD)}(.*)$", re.MULTILINE)


class NotAReproducer(ValueError):
    """Raised for a text whose head names no pipeline."""


def write(pipeline: str, text: str, *, verify_each: bool = False, says: str = "") -> str:
    """The text of a reproducer: ``text`` is the module, ``says`` what happened."""
    arguments = ["-p", pipeline, *(["--verify-each"] if verify_each else [])]
    lines = [HEAD + shlex.join(arguments), *(f"// {line}" for line in says.splitlines())]
    return "\n".join(lines) + "\n" + text


def read(text: str) -> tuple[str, bool]:
    """The pipeline of a reproducer, and whether to verify after each pass. Raises ``NotAReproducer``."""
    match = _HEAD.search(text)
    if match is None:
        raise NotAReproducer(f"this is no reproducer: no line begins with `{HEAD.strip()}`")
    words = shlex.split(match.group(1))
    if len(words) < 2 or words[0] != "-p":
        raise NotAReproducer(f"the head of this reproducer names no pipeline: `{match.group(1)}`")
    return words[1], "--verify-each" in words
