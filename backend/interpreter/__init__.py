"""The interpreter: the abstract machine that defines the language.

``machine`` says how it runs, ``memory`` what it knows, ``meanings`` what each operation does.

>>> interpret(module, "f", [1, 2])          # as native code would return it, or a Panic, or a MemoryFault
>>> runs = Interpreter(module)              # to run it with many arguments
>>> runs.run("f", [1, 2]), runs.run("f", [3, 4])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from altru_ir.diagnostics import DiagnosticError
from altru_ir.module import Module

STEPS = 10**8


def interpret(
    module: Module,
    name: str = "main",
    arguments: list[Any] | tuple[Any, ...] = (),
    steps: int = STEPS,
    *,
    memory: int = 1 << 30,
    preemptions: int = 2,
    schedules: int = 5_000,
    leaks: bool = True,
    verified: bool = False,
    each: Callable[[Any], None] | None = None,
    executed: set[Any] | None = None,
    write: Callable[[bytes], None] | None = None,
    read: Callable[[int], bytes] | None = None,
) -> Any:
    """Runs a function in the abstract machine and returns its result.

    A program that starts threads is run once for each schedule with at most ``preemptions`` preemptions (``schedules`` at
    most); what it prints is that of the first, as is its result.

    Parameters: ``arguments`` as for native code: numbers, sequences for slices; for ``main`` the words of the command line
    (strings). ``steps`` and ``memory`` (bytes) are budgets of each run; ``leaks`` looks for memory that is never released;
    ``verified`` says that the module is known to verify, and leaves that out;
    ``write`` receives the program's output (standard output by default), ``read`` gives its input; ``each`` is told the result
    on each schedule; ``executed`` collects the names of the operations that were run.
    Raises ``Panic`` when the program panics, ``MemoryFault`` when it makes a memory error (its ``diagnostic`` tells the
    story), ``Aborted`` and ``Exited`` (from ``altru_ir.backend.interpreter.machine``) when it ends itself,
    ``DiagnosticError`` for a module that does not verify, ``KeyError`` and ``TypeError`` for a wrong entry or argument.
    """
    return Interpreter(module, verified=verified).run(
        name, arguments, steps, memory=memory, preemptions=preemptions, schedules=schedules, leaks=leaks, each=each,
        executed=executed, write=write, read=read,
    )  # fmt: skip


class Interpreter:
    """A module to be run many times, one run at a time: verified once, and each function staged once.

    Parameters: ``verified`` says that the module is known to verify, and leaves that out. The module must not be changed as
    long as it is run, and nothing that a run calls may begin another of the same interpreter.
    Raises ``DiagnosticError`` for a module that does not verify.
    """

    def __init__(self, module: Module, *, verified: bool = False) -> None:
        from altru_ir.backend.interpreter import meanings  # noqa: F401
        from altru_ir.backend.interpreter.machine import Machine
        from altru_ir.verifier import verify

        problems = [] if verified else verify(module)
        if problems:
            raise DiagnosticError(problems, module.source)
        self.module = module
        self.machine = Machine(module)

    def run(
        self,
        name: str = "main",
        arguments: list[Any] | tuple[Any, ...] = (),
        steps: int = STEPS,
        *,
        memory: int = 1 << 30,
        preemptions: int = 2,
        schedules: int = 5_000,
        leaks: bool = True,
        each: Callable[[Any], None] | None = None,
        executed: set[Any] | None = None,
        write: Callable[[bytes], None] | None = None,
        read: Callable[[int], bytes] | None = None,
    ) -> Any:
        """Runs a function from the beginning; see ``interpret``. What one run leaves behind, the next does not see."""
        from altru_ir.backend.interpreter.host import arguments_of_main, from_host, to_host, written_back
        from altru_ir.backend.interpreter.machine import Machine
        from altru_ir.backend.interpreter.schedules import explore

        module, machine = self.module, self.machine
        function = module.functions.get(name)
        if function is None or function.is_declaration:
            known = ", ".join("@" + f.name for f in module.functions.values() if not f.is_declaration)
            raise KeyError(f"there is no function @{name}; there are {known}")
        types = function.signature.type.parameters
        if not isinstance(arguments, (list, tuple)):
            raise TypeError(f"the arguments of @{name} are a list, not {type(arguments).__name__}")
        for limit, given in (("steps", steps), ("memory", memory), ("preemptions", preemptions), ("schedules", schedules)):
            if not isinstance(given, int):
                raise TypeError(f"{limit} is a number, not {type(given).__name__}")
        for_main = name == "main" and len(types) == 2
        if not for_main and len(arguments) != len(types):
            raise TypeError(f"@{name} takes {len(types)} arguments, not {len(arguments)}")
        outcome: list[Any] = []

        def run(decisions: tuple[int, ...]) -> Machine:
            first = not outcome
            machine.executed = None if executed is None else set()
            machine.restart(
                steps=steps, memory=memory, decisions=decisions,
                write=(write or _to_stdout) if first else (lambda data: None), read=read or (lambda size: b""),
            )  # fmt: skip
            if for_main:
                given = arguments_of_main(machine, function, list(arguments))
            else:
                named = zip(arguments, types, function.parameters, strict=True)
                given = [from_host(v, t, machine, f"parameter %{p.name} of @{name}") for v, t, p in named]
            try:
                result = machine.run(name, given)
            finally:
                if executed is not None and machine.executed is not None:
                    executed.update(op.name for segment in machine.executed for op in segment.operations)
            if first:
                outcome.append(to_host(result, function.signature.result, machine))
                if not for_main:
                    for argument, value, type in zip(arguments, given, types, strict=True):
                        written_back(argument, value, type, machine)
            if each is not None:
                each(to_host(result, function.signature.result, machine))
            if leaks:
                machine.check_leaks(result)
            return machine

        explore(run, preemptions, schedules)
        return outcome[0]


def _to_stdout(data: bytes) -> None:
    import sys

    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(data.decode(errors="replace"))
    else:
        sys.stdout.flush()
        stream.write(data)
        stream.flush()
