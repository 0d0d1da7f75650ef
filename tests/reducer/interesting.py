"""What the tests look for in a program: predicates over modules, from the shape of the text to what a run does."""

from __future__ import annotations

from collections.abc import Callable

import altru_ir as air
from altru_ir import backend
from altru_ir.testing import generator, whole_language

Predicate = Callable[[air.Module], bool]
Generate = Callable[[int], str]

STEPS = 20_000


def whole(seed: int) -> str:
    """A program over the whole language, of some 200 operations."""
    return whole_language.generate(seed, 4).text


def large(seed: int) -> str:
    """A program over the whole language as it is generated usually."""
    return whole_language.generate(seed).text


def scalars(seed: int) -> str:
    """A program of numbers, with about as many operations."""
    return generator.generate(seed, 3).text


def first_program(interesting: Predicate, generate: Generate = whole, least: int = 0) -> air.Module:
    """The interesting one with the lowest seed of those with at least so many operations, whatever the generators become."""
    for seed in range(100):
        module = air.parse(generate(seed))
        if number_of_operations(module) >= least and interesting(module):
            return module
    raise AssertionError("no program of a hundred is interesting")


def number_of_operations(module: air.Module) -> int:
    return sum(1 for function in module.functions.values() for _ in function.operations())


def contains(*names: str) -> Predicate:
    """All of these operations stand somewhere."""
    return lambda module: set(names) <= {op.name for f in module.functions.values() for op in f.operations()}


def returned(name: str) -> Predicate:
    """In ``@main_entry`` something is returned that was computed from the result of an operation ``name``."""

    def holds(module: air.Module) -> bool:
        function = module.functions.get("main_entry")
        if function is None:
            return False
        given: dict[air.Value, list[air.Value]] = {}
        for op in function.operations():
            for successor in op.successors:
                leading = len(successor.block.args) - len(successor.args)
                for argument, value in zip(successor.block.args[leading:], successor.args, strict=True):
                    given.setdefault(argument, []).append(value)
        work = [v for b in function.blocks if b.ops[-1].name == "ret" for v in b.ops[-1].operands]
        seen: set[air.Value] = set()
        while work:
            value = work.pop()
            if value in seen:
                continue
            seen.add(value)
            op = value.operation
            if op is not None and op.name == name:
                return True
            work += given.get(value, []) if op is None else op.operands
        return False

    return holds


def ending(module: air.Module, executed: set[str] | None = None) -> tuple[str, object]:
    """How a run of ``@main_entry`` ends: with an answer, a panic, a fault of some kind, or not as a program does."""
    function = module.functions.get("main_entry")
    if function is None or function.is_declaration:
        return "none", None
    arguments = [1, 2**63 - 1][: len(function.parameters)]
    try:
        prepared = backend.prepare(module, opt=0)
        return "answer", backend.interpret(prepared, "main_entry", arguments, STEPS, schedules=1, executed=executed)
    except air.Panic:
        return "panic", None
    except air.MemoryFault as fault:
        return "fault", fault.kind
    except (TypeError, air.DiagnosticError):  # arguments that do not fit; what native code does not exist for
        return "none", None


def executes(*names: str) -> Predicate:
    """A run comes to its end and has executed all of these operations."""

    def holds(module: air.Module) -> bool:
        executed: set[str] = set()
        return ending(module, executed)[0] == "answer" and set(names) <= executed

    return holds


def ends(*how: object) -> Predicate:
    """A run ends like this: ``ends("fault", "ALT-F001")``."""
    return lambda module: ending(module)[: len(how)] == how


def differs(old: str, new: str) -> Predicate:
    """The answer is another when one kind of operation is taken for another, as by a defect of a compiler."""

    def holds(module: air.Module) -> bool:
        before = ending(module)
        if before[0] != "answer":
            return False
        after = ending(air.parse(str(module).replace(old, new)))
        return after[0] == "answer" and after != before

    return holds
