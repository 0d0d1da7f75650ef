"""Branches, calls, returns, and how a panic begins.

Example: ``br ^exit(%y)`` is ``br label %"exit-b"``, and what it hands over goes to the phis.
"""

from __future__ import annotations

from altru_ir.backend.lower.constants import constant_text
from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.ops.control import call_arguments, callee_type
from altru_ir.values import Operation


@lowers("br")
def branch(f: FunctionLowering, op: Operation) -> None:
    f.finish(f"br label %{f.edges(op)[0]}")


@lowers("cond_br")
def choice(f: FunctionLowering, op: Operation) -> None:
    first, second = f.edges(op)
    f.finish(f"br i1 {f.value(op.operands[0])}, label %{first}, label %{second}{_weights(f, op)}")


def _weights(f: FunctionLowering, op: Operation) -> str:
    """What is said about which way is usual."""
    if op.attrs.get("likely"):
        return f", !prof !{f.owner.likely()}"
    if op.attrs.get("unlikely"):
        f.owner.likely()
        return ", !prof !1"
    return ""


@lowers("switch")
def _switch(f: FunctionLowering, op: Operation) -> None:
    value = op.operands[0]
    labels = f.edges(op)
    type = f.type(value.type)
    cases = " ".join(
        f"{type} {constant_text(s.case, value.type, f.module)}, label %{label}"
        for s, label in zip(op.successors, labels, strict=True)
        if s.case is not None
    )
    f.finish(f"switch {type} {f.value(value)}, label %{labels[-1]} [ {cases} ]")


@lowers("ret")
def _ret(f: FunctionLowering, op: Operation) -> None:
    if f.uses_stack:
        f.leave_stack()
    for value in op.operands:
        type = f.owner.results[value.type]
        if type != "void":
            f.lines.append(f"  ret {type} {value.spelled}")
            return
    f.lines.append("  ret void")


@lowers("unreachable")
def _unreachable(f: FunctionLowering, op: Operation) -> None:
    f.finish("unreachable")


@lowers("abort")
def _abort(f: FunctionLowering, op: Operation) -> None:
    f.owner.declare("declare void @abort() cold noreturn nounwind")
    f.line("call void @abort()")
    f.finish("unreachable")


@lowers("panic")
def _panic(f: FunctionLowering, op: Operation) -> None:
    f.panic("explicit", op, str(op.attrs["message"]))


@lowers("resume")
def _resume(f: FunctionLowering, op: Operation) -> None:
    f.resume()


@lowers("call")
def _call(f: FunctionLowering, op: Operation) -> None:
    type = callee_type(op, f.module)
    assert type is not None
    arguments: list[str] = []
    for value in call_arguments(op):
        kinds = f.owner.parts[value.type]
        arguments.extend(f"{kind} {part}" for kind, part in zip(kinds, f.unpack(value), strict=True))
    result = f.owner.results[type.result]
    if "callee" in op.attrs:
        callee = f.owner.symbol(op.attrs["callee"])
    else:
        callee = f.value(op.operands[0])
    signature = result
    if type.variadic:
        fixed = [kind for p in type.parameters for kind in f.owner.parts[p]]
        signature = f"{result} ({', '.join([*fixed, '...'])})"
    text = f"{signature} {callee}({', '.join(arguments)}){' nounwind' if type.nounwind else ''}"
    if result == "void":
        f.call(op, text)
        if op.results:
            f.alias(op.result, "undef")
    else:
        f.call(op, text, op.result)
