"""Control flow: branches, calls, returns, panics, checks."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, means
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Aborted, Thread, Unwinding
from altru_ir.backend.interpreter.meanings.scalars import width
from altru_ir.backend.interpreter.sources import Exit, Source
from altru_ir.ops.control import call_arguments
from altru_ir.runtime.panic_kinds import describe
from altru_ir.values import Operation


@means("br")
def _br(stage: Stage, op: Operation) -> Exit:
    return Exit("goto 0")


@means("cond_br")
def _cond_br(stage: Stage, op: Operation) -> Exit:
    return Exit("if a:\n    goto 0\ngoto 1")


@means("switch")
def _switch(stage: Stage, op: Operation) -> Control:
    value, bits = stage.slot(op.operands[0]), width(op.operands[0].type, stage)
    edges = {s.case % (1 << bits): stage.edge(s, op) for s in op.successors[:-1]}
    otherwise = stage.edge(op.successors[-1], op)

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        return edges.get(s[value], otherwise)(s, None), s

    return Control(run)


@means("ret")
def _ret(stage: Stage, op: Operation) -> Exit | Control:
    give = stage.machine.give
    if not op.operands:
        return Exit("return give(thread, s, None)", give=give)
    if stage.copies(op.operands[0].type):
        return Exit("return give(thread, s, a)", give=give)
    read = stage.consume(op.operands[0], op)
    return Control(lambda thread, s, after: give(thread, s, read(s)))


@means("call")
def _call(stage: Stage, op: Operation) -> Exit | Control:
    machine, call = stage.machine, stage.machine.call
    result = stage.slot(op.results[0]) if op.results else 0
    name = op.attrs.get("callee")
    if name is not None:
        function = stage.module.functions[name]
        if all(stage.copies(v.type) for v in op.operands):
            text = "return call(thread, function, args, s, after, result, op)"
            return Exit(text, call=call, function=function, result=result, op=op)
        readers = [stage.consume(v, op) for v in op.operands]

        def direct(thread: Thread, s: Slots, after: Segment) -> Next:
            return call(thread, function, [read(s) for read in readers], s, after, result, op)

        return Control(direct)
    pointer = stage.slot(op.operands[0])
    readers = [stage.consume(v, op) for v in call_arguments(op)]
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


def _check(stage: Stage, op: Operation, text: str, kind: str, *extra: int, **names: Any) -> Source:
    """A step that panics with class ``kind`` and the operands' values when the condition ``text`` is true."""
    machine = stage.machine

    def failed(s: Slots, *values: Any) -> Exception:
        shown = [v if isinstance(v, int) else v.address for v in values] + list(extra)
        a, b = (*shown, 0, 0)[:2]
        return machine.panic(s[0].thread, describe(kind, a, b), op)

    return Source(f"if {text}:\n    raise failed(s, {', '.join('abc'[: len(op.operands)])})", failed=failed, **names)


@means("check.bounds")
def _bounds(stage: Stage, op: Operation) -> Source:
    return _check(stage, op, "a >= b", "bounds")


@means("check.subrange")
def _subrange(stage: Stage, op: Operation) -> Source:
    return _check(stage, op, "not a <= b <= c", "subrange")


@means("check.nonnull")
def _nonnull(stage: Stage, op: Operation) -> Source:
    return _check(stage, op, "a.address == 0", "null")


@means("check.align")
def _align(stage: Stage, op: Operation) -> Source:
    alignment: Any = op.attrs["alignment"]
    return _check(stage, op, "a.address % alignment", "align", alignment, alignment=alignment)


@means("check.nonzero")
def _nonzero(stage: Stage, op: Operation) -> Source:
    return _check(stage, op, "a == 0", "division")


@means("check.quotient")
def _quotient(stage: Stage, op: Operation) -> Source:
    bits = width(op.operands[0].type, stage)
    return _check(stage, op, "a == least and b == minus_one", "quotient", least=1 << (bits - 1), minus_one=(1 << bits) - 1)


@means("assume")
def _assume(stage: Stage, op: Operation) -> Source:
    def broken() -> Exception:
        return fault("ALT-C007", "what `assume` promises does not hold", op)

    return Source("if not a:\n    raise broken()", broken=broken)
