"""``altru-opt --reduce CMD``: makes a text small for which a command says that it is interesting.

    altru-opt --reduce 'altru-opt --check {} 2>&1 | grep -q ALT-V011' -o small.air big.air

The command is a line for the shell. ``{}`` in it stands for the file of a candidate, which is appended where there is none; the
candidate is interesting when the command exits with 0, as for llvm-reduce and C-Reduce. It runs in the directory of the caller,
has no input, and nobody sees its output. A candidate may well run for ever, so it has ten times as long as the text to begin
with (ten seconds at least), and is not interesting when that is over.

Invariants: the input is only read; where the result goes to a file, the file has an interesting text at any time after the
first answer, the best so far.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from altru_ir.testing.reduce import NotInteresting, Search, reduce_search

LEAST, TIMES = 10.0, 10.0
"""Seconds that a candidate has at least; as how many times as long as the first."""

SHOWN = 2000
"""How much of what the command said is shown at most when it does not find the input interesting."""


@attrs.define
class Command:
    """A command as a predicate of texts.

    Parameters: ``line`` for the shell; ``file``, where candidates are written; ``log``, where what the command says goes.
    ``status`` is its last exit status, None when its time was over; ``limit`` is set by the first answer.
    """

    line: str
    file: Path
    log: Path
    limit: float | None = None
    status: int | None = None

    def __call__(self, text: str) -> bool:
        self.file.write_bytes(text.encode(errors="surrogateescape"))
        name = shlex.quote(str(self.file))
        line = self.line.replace("{}", name) if "{}" in self.line else f"{self.line} {name}"
        begin = time.monotonic()
        with self.log.open("wb") as log:
            # A session of its own: an interrupt ends the reduction, and does not look like an answer.
            child = subprocess.Popen(
                line, shell=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )  # fmt: skip
            try:
                self.status = child.wait(self.limit)
            except subprocess.TimeoutExpired:
                self.status = None
            finally:
                if child.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        if self.limit is None:
            self.limit = max(LEAST, TIMES * (time.monotonic() - begin))
        return self.status == 0

    def said(self) -> str:
        """The end of what it said last, on lines of their own."""
        text = self.log.read_bytes().decode(errors="replace")[-SHOWN:].rstrip()
        return "".join(f"\n{line}" for line in text.splitlines())


def run(text: str, name: str, line: str, keep: Callable[[str], None], say: Callable[[str], None], *, early: bool) -> bool:
    """Reduces ``text`` and hands the result to ``keep``; false when it was interrupted, and then that is the best so far.

    Parameters: ``name`` of the file it comes from, which candidates have too; ``line``, the command; ``early``: whether each
    better text is kept at once; ``say`` gets the statistics. Raises ``NotInteresting``, and ``OSError`` when there is no
    place for candidates.
    """
    kept = ""

    def watch(search: Search) -> None:
        nonlocal kept
        if early and search.runs > 1 and search.best != kept:
            kept = search.best
            keep(kept)

    with tempfile.TemporaryDirectory(prefix="altru-reduce-") as directory:
        (Path(directory) / "candidate").mkdir()
        command = Command(line, Path(directory) / "candidate" / name, Path(directory) / "log")
        search = Search(text, command, watch=watch)
        whole = True
        try:
            reduce_search(search)
        except NotInteresting:
            said = command.said()
            raise NotInteresting(
                f"the command of --reduce exits with {command.status} for the input as it is; it has to exit with 0 for what\n"
                f"is interesting{'. It said:' if said else ''}{said}"
            ) from None
        except KeyboardInterrupt:
            if command.limit is None:  # it has not answered yet
                raise
            whole = False
        seconds = time.monotonic() - search.began
    keep(search.best)
    end = "nothing more can go" if whole else "interrupted"
    say(f"reduced from {_size(text)} to {_size(search.best)}; {search.runs} candidates in {seconds:.1f} s; {end}\n")
    return whole


def _size(text: str) -> str:
    return f"{len(text.splitlines())} lines ({len(text.encode(errors='surrogateescape'))} bytes)"
