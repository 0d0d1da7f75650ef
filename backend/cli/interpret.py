"""``altru-opt --interpret``: runs a program in the abstract machine and says how it ended.

Example: a program that reads freed memory ends with status 102 and the story of that memory.
"""

from __future__ import annotations

from altru_ir.backend.cli.status import ABORT, FAULT, PANIC
from altru_ir.backend.cli.values import ArgumentError, arguments_for, show
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import Module


def run(module: Module, entry: str, name: str, program: list[str], steps: int | None) -> tuple[int, str, list[Diagnostic]]:
    """Interprets ``entry``: the exit status, what is said about a panic, the diagnostics of a fault; a result is printed.

    Parameters: ``name`` is the program's own, ``program`` its arguments, ``steps`` a budget. Raises ``DiagnosticError`` for
    an entry that is not there, ``ArgumentError`` for arguments that do not fit.
    """
    from altru_ir.backend.interpreter import STEPS, _to_stdout, interpret
    from altru_ir.backend.interpreter.machine import Aborted, Exited
    from altru_ir.faults import MemoryFault, Panic

    function = module.functions.get(entry)
    if function is None or function.is_declaration:
        message = f"there is no function @{entry} to interpret; name one with --entry"
        raise DiagnosticError([Diagnostic("ALT-S005", message)])
    values = [name, *program] if entry == "main" else arguments_for(function, program, module)
    if entry == "main" and not function.parameters:
        values = []
    try:
        result = interpret(module, entry, values, steps or STEPS, read=_from_stdin)
    except MemoryFault as fault:
        return FAULT, "", [fault.diagnostic or Diagnostic(fault.kind, fault.message, fault.location)]
    except Panic as panic:
        return PANIC, "".join(f"{line}\n" for line in (f"panic: {panic}", *panic.frames())), []
    except Aborted as end:
        return ABORT if len(end.messages) == 1 else PANIC, "".join(f"{m}\n" for m in (*end.messages, *end.frames)), []
    except Exited as end:
        return end.status, "", []
    except TypeError as error:
        raise ArgumentError(str(error)) from None
    if entry == "main":
        return int(result) & 0xFF, "", []
    _to_stdout(f"{show(result)}\n".encode())
    return 0, "", []


def _from_stdin(size: int) -> bytes:
    import sys

    return sys.stdin.buffer.read(size)
