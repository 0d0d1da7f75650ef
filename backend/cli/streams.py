r"""The command's input and output: files, ``-``, and streams that are closed, full, or read by nobody any more.

    say("altru-opt: no FILE\n")            # to standard error, if there is one
    write(data, None)                      # to standard output

Invariant: what cannot be read or written is an ``EnvironmentProblem``, but for a reader that has gone: that is its decision.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from altru_ir.backend.cli.status import EnvironmentProblem


def abandon_output() -> None:
    """Sends what is still buffered nowhere, so that the interpreter's last flush does not fail again."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """Writes to standard error, if there is one that takes it: there is nowhere left to complain."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def read_bytes(file: str) -> bytes:
    """The content of a file, or of standard input for ``-``. Raises ``EnvironmentProblem``."""
    if file == "-" and sys.stdin is None:
        raise EnvironmentProblem("cannot read standard input: it is closed")
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        name = "<stdin>" if file == "-" else file
        raise EnvironmentProblem(f"cannot read {name}: {error.strerror}") from None


def write(data: bytes, output: str | None) -> None:
    """Writes a result to the file ``output``, or to standard output for none and for ``-``. Raises ``EnvironmentProblem``."""
    if output in (None, "-") and sys.stdout is None:
        raise EnvironmentProblem("cannot write standard output: it is closed")
    try:
        if output in (None, "-"):
            sys.stdout.flush()
            stream = getattr(sys.stdout, "buffer", None)
            if stream is None:
                sys.stdout.write(data.decode())
            else:
                stream.write(data)
                stream.flush()
        else:
            from altru_ir.backend.files import write_whole

            write_whole(Path(output), data)
    except BrokenPipeError:
        abandon_output()  # the status still says how the program was
    except OSError as error:
        raise EnvironmentProblem(f"cannot write {output or 'standard output'}: {error.strerror}") from None


def save(file: str, text: str) -> None:
    """Writes something beside the result to a file, or for ``-`` to standard output. Raises ``EnvironmentProblem``."""
    from altru_ir.backend.files import write_whole

    if file == "-":
        write(text.encode(errors="replace"), None)
        return
    try:
        write_whole(Path(file), text.encode(errors="replace"))
    except OSError as error:
        raise EnvironmentProblem(f"cannot write {file}: {error.strerror}") from None
