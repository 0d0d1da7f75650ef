"""Control flow: branches, calls, returns, panics, checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from altru_ir import scalars
from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, Step, means
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Aborted, Thread, Unwinding
from altru_ir.backend.interpreter.meanings.scalars import width
from altru_ir.ops.control import call_arguments
from altru_ir.runtime.panic_kinds import describe
from altru_ir.values import Operation


@means("br")
def _br(stage: Stage, op: Operation) -> Control:
    go = stage.edge(op.successors[0], op)
    return Control(lambda thread, s, after: (go(s, None), s))


@means("cond_br")
def _cond_br(stage: Stage, op: Operation) -> Control:
    condition = stage.slot(op.operands[0])
    yes, no = (stage.edge(successor, op) for successor in op.successors)

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        return (yes if s[condition] else no)(s, None), s

    return Control(run)


@means("switch")
def _switch(stage: Stage, op: Operation) -> Control:
    value, bits = stage.slot(op.operands[0]), width(op.operands[0].type, stage)
    edges = {s.case % (1 << bits): stage.edge(s, op) for s in op.successors[:-1]}
    otherwise = stage.edge(op.successors[-1], op)

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        return edges.get(s[value], otherwise)(s, None), s

    return Control(run)


@means("ret")
def _ret(stage: Stage, op: Operation) -> Control:
    give = stage.machine.give
    if not op.operands:
        return Control(lambda thread, s, after: give(thread, s, None))
    read = stage.consume(op.operands[0], op)
    return Control(lambda thread, s, after: give(thread, s, read(s)))


@means("call")
def _call(stage: Stage, op: Operation) -> Control:
    machine, call = stage.machine, stage.machine.call
    readers = [stage.consume(v, op) for v in call_arguments(op)]
    result = stage.slot(op.results[0]) if op.results else 0
    name = op.attrs.get("callee")
    if name is not None:
        function = stage.module.functions[name]

        def direct(thread: Thread, s: Slots, after: Segment) -> Next:
            return call(thread, function, [read(s) for read in readers], s, after, result, op)

        return Control(direct)
    pointer = stage.slot(op.operands[0])
    expected = op.operands[0].type.erased

    def indirect(thread: Thread, s: Slots, after: Segment) -> Next:
        target = machine.pointed(s[pointer], op)
        if target.signature.type.erased is not expected:
            shown = f"@{target.name} of type `{target.signature.type}` is called as a `{op.operands[0].type}`"
            raise fault("ALT-I002", shown, op)
        return call(thread, target, [read(s) for read in readers], s, after, result, op)

    return Control(indirect)


@means("panic")
def _panic(stage: Stage, op: Operation) -> Control:
    machine, message = stage.machine, describe("explicit", message=op.attrs["message"])

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        raise machine.panic(thread, message, op)

    return Control(run)


@means("resume")
def _resume(stage: Stage, op: Operation) -> Control:
    machine = stage.machine

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        panic = thread.unwinding
        if panic is None:
            raise fault("ALT-U010", "`resume` without a panic that could go on", op)
        machine.leave(s[0])
        entry = thread.stack.pop()
        if entry.__class__ is tuple:
            raise Unwinding(panic, (entry[0].block, entry[1]))
        try:
            return machine.advance(thread, entry, None, panic)
        except Unwinding:
            raise Unwinding(panic, (entry.after.block, entry.slots)) from None

    return Control(run)


@means("abort")
def _abort(stage: Stage, op: Operation) -> Control:
    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        raise Aborted(f"abort at {op.location}")

    return Control(run)


@means("unreachable")
def _unreachable(stage: Stage, op: Operation) -> Control:
    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        raise fault("ALT-U010", "entered unreachable code", op)

    return Control(run)


# -- checks ---------------------------------------------------------------------------------------------------------------


def _check(stage: Stage, op: Operation, holds: Callable[..., bool], kind: str, *extra: int) -> Step:
    """A step that panics with class ``kind`` and the operands' values unless ``holds`` of them."""
    slots, machine = [stage.slot(v) for v in op.operands], stage.machine

    def run(s: Slots) -> None:
        values = [s[k] for k in slots]
        if not holds(*values):
            shown = [v if isinstance(v, int) else v.address for v in values] + list(extra)
            a, b = (*shown, 0, 0)[:2]
            raise machine.panic(s[0].thread, describe(kind, a, b), op)

    return run


@means("check.bounds")
def _bounds(stage: Stage, op: Operation) -> Step:
    index, length, machine = stage.slot(op.operands[0]), stage.slot(op.operands[1]), stage.machine

    def run(s: Slots) -> None:
        if s[index] >= s[length]:
            raise machine.panic(s[0].thread, describe("bounds", s[index], s[length]), op)

    return run


@means("check.subrange")
def _subrange(stage: Stage, op: Operation) -> Step:
    return _check(stage, op, lambda low, high, length: low <= high <= length, "subrange")


@means("check.nonnull")
def _nonnull(stage: Stage, op: Operation) -> Step:
    return _check(stage, op, lambda pointer: pointer.address != 0, "null")


@means("check.align")
def _align(stage: Stage, op: Operation) -> Step:
    alignment: Any = op.attrs["alignment"]
    return _check(stage, op, lambda pointer: pointer.address % alignment == 0, "align", alignment)


@means("check.nonzero")
def _nonzero(stage: Stage, op: Operation) -> Step:
    return _check(stage, op, lambda divisor: divisor != 0, "division")


@means("check.quotient")
def _quotient(stage: Stage, op: Operation) -> Step:
    bits = width(op.operands[0].type, stage)

    def fits(dividend: int, divisor: int) -> bool:
        return not (dividend == 1 << (bits - 1) and scalars.signed(divisor, bits) == -1)

    return _check(stage, op, fits, "quotient")
