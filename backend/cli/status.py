"""How the command ends: its exit statuses, and what fails outside the program.

    guarded(lambda: emit(...))             # a full disk, a missing compiler: EnvironmentProblem, exit status 2

Invariant: what is wrong with the program is a ``DiagnosticError`` and ends with 1; what is wrong with anything else is an
``EnvironmentProblem`` and ends with 2; what is wrong with the command itself is neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

OK, ERRORS, USAGE, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130

PANIC, FAULT, ABORT = 101, 102, 134
"""Of the program: as an executable ends, and what only the interpreter finds."""

_T = TypeVar("_T")


class EnvironmentProblem(Exception):
    """Something outside the program is not as needed (a file, a compiler); becomes exit status 2."""

    def __init__(self, message: str, code: str = "ALT-S002") -> None:
        self.code = code
        super().__init__(message)


def guarded(action: Callable[[], _T]) -> _T:
    """Runs ``action``; what fails outside the program becomes an ``EnvironmentProblem``."""
    from altru_ir.runtime.build import RuntimeBuildError

    try:
        return action()
    except RuntimeBuildError as error:
        raise EnvironmentProblem(str(error), error.code) from None
    except OSError as error:
        raise EnvironmentProblem(f"cannot use {error.filename or 'the system'}: {error.strerror}") from None
