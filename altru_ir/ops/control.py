"""Control flow: branches, calls, returns, panics.

A terminator's own results are the leading arguments of its successor; everything else a block needs is handed to it by
the edge. Calls are ordinary operations: when they may panic, the block's unwind target is where the panic goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    BOOL,
    INTEGER,
    MAY_FREE,
    MAY_PANIC,
    SAFEPOINT,
    SOMETIMES_UNSAFE,
    SYNC,
    TERMINATOR,
    Callee,
    Cases,
    InferenceError,
    Literal,
    Operand,
    Option,
    Result,
    Target,
    operation,
)
from altru_ir.literals import literal_problem
from altru_ir.module import Module
from altru_ir.source import has_text
from altru_ir.types import (
    ERROR,
    F64,
    I32,
    UNIT,
    ArrayType,
    FloatType,
    FunctionType,
    IntType,
    PlaceType,
    RefType,
    Type,
    without_names,
)
from altru_ir.values import Operation


@operation("br", "$to", traits=(TERMINATOR,))
class Br:
    """Continues at a block.

    Example: ``br ^loop(%zero, %init)``
    """

    to = Target()


@operation("cond_br", "$condition, $if_true, $if_false", traits=(TERMINATOR,))
class CondBr:
    """Continues at one of two blocks. ``likely`` and ``unlikely`` say which way is usual.

    Example: ``cond_br %more, ^body, ^done``
    """

    condition = Operand(BOOL)
    if_true = Target()
    if_false = Target()
    likely = Option(bool, "the first successor is usually taken")
    unlikely = Option(bool, "the second successor is usually taken")


def _cases_are_distinct(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.operands[0].type
    seen: set[int] = set()
    bits = type.bits if isinstance(type, IntType) else module.pointer_bits
    if not op.successors or op.successors[-1].case is not None:
        yield "V010", "`switch` needs a last successor without a value, for all other values"
    for successor in op.successors[:-1]:
        problem = "a case without a value" if successor.case is None else literal_problem(successor.case, type, module)
        if problem is not None:
            yield "V010", f"`switch`: {problem}"
            continue
        if successor.case % (1 << bits) in seen:
            yield "V010", f"`switch` names the value {successor.case} twice"
        seen.add(successor.case % (1 << bits))


@operation("switch", "$value, $cases", traits=(TERMINATOR,), verify=_cases_are_distinct)
class Switch:
    """Continues at the block of the case that equals ``value``, or at the last one, which has no value.

    Example: ``switch %x, 1 ^one, 2 ^two, ^other``
    """

    value = Operand(INTEGER)
    cases = Cases()


def _returns_the_result(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    function = op.function
    if function is None:
        return
    wanted = function.signature.result
    if not op.operands:
        if wanted is not UNIT:
            yield "V011", f"`ret` needs a value: @{function.name} returns `{wanted}`"
    elif op.operands[0].type is not ERROR and op.operands[0].type.erased is not wanted.erased:
        yield "V011", f"`ret` of a `{op.operands[0].type}`, but @{function.name} returns `{wanted}`"


@operation("ret", "$value", traits=(TERMINATOR,), verify=_returns_the_result)
class Ret:
    """Returns from the function, with its result unless that is unit.

    Example: ``ret %acc``
    """

    value = Operand(ANY, optional=True)


@operation("unreachable", traits=(TERMINATOR,))
class Unreachable:
    """Says that control never gets here; undefined when it does.

    Example: ``unreachable``
    """


@operation("resume", traits=(TERMINATOR,))
class Resume:
    """The end of a cleanup: the panic that led here goes on to the caller.

    Example: ``resume``
    """


@operation("abort", traits=(TERMINATOR,))
class Abort:
    """Ends the process at once, without drops.

    Example: ``abort``
    """


def _message_is_text(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    message = op.attrs["message"]
    if not isinstance(message, str):
        yield "V007", "the message of `panic` is a string"
    elif not has_text(message):
        yield "V007", "the message of `panic` holds half of a surrogate pair, which has no bytes"


@operation("panic", "$message", traits=(TERMINATOR, MAY_PANIC), verify=_message_is_text)
class Panic:
    """Panics with a message.

    Example: ``panic "no such key"``
    """

    message = Literal()


# -- calls ------------------------------------------------------------------------------------------------------------


def callee_type(op: Operation, module: Module, fixed: int = 0) -> FunctionType | None:
    """The type of the function that a ``call`` (or kin) calls; None when it is not declared.

    ``fixed`` operands stand before the callee.
    """
    name = op.attrs.get("callee")
    if name is not None:
        function = module.functions.get(name)
        return function.signature.type if function is not None else None
    if len(op.operands) <= fixed:
        return None
    type = op.operands[fixed].type
    return type if isinstance(type, FunctionType) else None


def call_arguments(op: Operation, fixed: int = 0) -> list:  # type: ignore[type-arg]
    """The arguments of a ``call``, without the function value of an indirect one."""
    return op.operands[fixed if "callee" in op.attrs else fixed + 1 :]


def _result_of_call(op: Operation, module: Module) -> Type:
    type = callee_type(op, module)
    if type is None:
        name = op.attrs.get("callee")
        if name is not None:
            raise InferenceError(f"@{name} is not declared in this module")
        if op.operands and op.operands[0].type is ERROR:
            return ERROR
        shown = f" a `{op.operands[0].type}`" if op.operands else " nothing"
        raise InferenceError(f"`call` of{shown}, which is no function")
    return without_names(type.result, type.binder)


def argument_problems(op: Operation, type: FunctionType, fixed: int = 0) -> Iterator[tuple[str, str]]:
    """What is wrong with the arguments that ``op`` hands to a function of type ``type``."""
    arguments = call_arguments(op, fixed)
    shown = "@" + op.attrs["callee"] if "callee" in op.attrs else "the function"
    wanted = len(type.parameters)
    if len(arguments) < wanted or (len(arguments) > wanted and not type.variadic):
        least = "at least " if type.variadic else ""
        yield "V012", f"{shown} takes {least}{wanted} arguments, not {len(arguments)}"
        return
    for index, (argument, parameter) in enumerate(zip(arguments, type.parameters, strict=False)):
        if argument.type is not ERROR and argument.type.erased is not parameter.erased:
            found = f"argument {index + 1} of {shown} has type `{argument.type}` where `{parameter}` is expected"
            yield "V012", found + _way(argument.type, parameter)
    for index, argument in enumerate(arguments[wanted:], wanted + 1):
        given = argument.type
        narrow = (isinstance(given, IntType) and given.bits < 32) or (isinstance(given, FloatType) and given is not F64)
        if narrow or given is UNIT or given.is_place:
            wide = F64 if isinstance(given, FloatType) else I32
            yield "V012", f"argument {index} of {shown} goes through `...`: extend the `{given}` to `{wide}` first"
    if type.unsafe and not op.unsafe:
        yield "U002", f"the call of {shown} needs the `unsafe` marker, for the function is declared unsafe"


def _way(given: Type, wanted: Type) -> str:
    """How to come from the one type to the other, where an operation does that."""
    whole = wanted.pointee
    if isinstance(given, PlaceType) and whole is not None and given.target.erased is whole.erased:
        return "; `borrow` it"
    if isinstance(given, PlaceType) and given.target.erased is wanted.erased:
        return "; `load` it, or `take` it"
    part = given.pointee
    if part is None or whole is None:
        return ""
    if isinstance(wanted, RefType) and not wanted.mutable and part.erased is whole.erased:
        return "; `borrow` a `deref` of it"
    both = isinstance(part, ArrayType) and isinstance(whole, ArrayType) and len(part.dimensions) == len(whole.dimensions)
    return "; `unsize` it" if both and whole.is_unsized and not part.is_unsized else ""


def _call_problems(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = callee_type(op, module)
    if type is not None:
        yield from argument_problems(op, type)


@operation("call", "$callee", traits=(MAY_PANIC, SAFEPOINT, MAY_FREE, SYNC, SOMETIMES_UNSAFE), verify=_call_problems)
class Call:
    """Calls a function by name or a function value. A unit result is no result.

    Example: ``%n = call @strlen(%s) unsafe``
    """

    callee = Callee()
    result = Result(infer=_result_of_call, optional=True)
