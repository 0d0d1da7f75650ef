"""Values of the host and of the text as values of the machine, and back.

Example: ``from_literal([1, -1], ArrayType((2,), I8), m) == (1, 255)``; ``to_host(255, I8, ...) == -1``, as native code returns
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from altru_ir.backend.interpreter.memory import HOST, Pointer
from altru_ir.module import Function, Module
from altru_ir.scalars import round32, signed
from altru_ir.types import (
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    FloatType,
    IntType,
    MutexType,
    NamedType,
    PtrType,
    RefType,
    TupleType,
    Type,
    UsizeType,
)

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine


def from_literal(value: Any, type: Type, module: Module) -> Any:
    """The machine's value of a literal that fits ``type``."""
    if isinstance(type, (AtomicType, CellType, MutexType)):
        return from_literal(value, type.target, module)
    if isinstance(type, (IntType, UsizeType)):
        bits = type.bits if isinstance(type, IntType) else module.pointer_bits
        return int(value) % (1 << bits)
    if isinstance(type, FloatType):
        return round32(float(value)) if type.bits == 32 else float(value)
    if isinstance(type, ArrayType):
        data = value.encode() if isinstance(value, str) else value
        inner = type.element if len(type.dimensions) == 1 else ArrayType(type.dimensions[1:], type.element)
        return tuple([from_literal(each, inner, module) for each in data])
    return None


def from_host(value: Any, type: Type, machine: Machine, where: str) -> Any:
    """An argument of a call from Python.

    Raises ``TypeError``, and ``OverflowError`` for an integer that does not fit, which name the parameter.
    """
    module = machine.module
    if isinstance(type, (IntType, UsizeType)):
        if not hasattr(value, "__index__"):
            raise TypeError(f"{where} has type `{type}`, not {value.__class__.__name__}")
        number = value.__index__()
        bits = module.pointer_bits if isinstance(type, UsizeType) else type.bits
        if not -(1 << (bits - 1)) <= number < 1 << bits:
            raise OverflowError(f"{where} has type `{type}`, and {number} does not fit")
        return from_literal(number, type, module)
    if isinstance(type, FloatType):
        if not hasattr(value, "__float__"):
            raise TypeError(f"{where} has type `{type}`, not {value.__class__.__name__}")
        return from_literal(float(value), type, module)
    if isinstance(type, RefType) and isinstance(type.target, ArrayType) and type.target.dimensions == (None,):
        data = value.encode() if isinstance(value, str) else value
        try:
            length = len(data)
        except TypeError:
            raise TypeError(f"{where} has type `{type}`, so it takes a sequence, not {value.__class__.__name__}") from None
        codec = machine.codecs.of(type.target.element)
        made = machine.memory.allocate(length * codec.size, codec.align, HOST, None, where)
        for k in range(length):
            part = from_host(data[k], type.target.element, machine, f"element {k} of {where}")
            made.data[k * codec.size : (k + 1) * codec.size] = codec.encode(part)
        return Pointer(made.base, made, None, (length,))
    if isinstance(type, PtrType) and value in (None, 0):
        return Pointer(0, None)
    if isinstance(type, TupleType) and isinstance(value, (tuple, list)) and len(value) == len(type.elements):
        return tuple(from_host(v, t, machine, where) for v, t in zip(value, type.elements, strict=True))
    raise TypeError(f"{where} has type `{type}`, which cannot be passed from Python")


def written_back(argument: Any, value: Any, type: Type, machine: Machine) -> None:
    """Copies what the program stored through an exclusive slice back into the host's sequence, if that takes it."""
    if not (isinstance(type, RefType) and type.mutable and hasattr(argument, "__setitem__") and isinstance(value, Pointer)):
        return
    assert isinstance(type.target, ArrayType)
    assert value.allocation is not None
    codec = machine.codecs.of(type.target.element)
    for k in range(value.meta[0]):
        data = value.allocation.data[k * codec.size : (k + 1) * codec.size]
        argument[k] = to_host(codec.decode(data, None), type.target.element, machine)  # type: ignore[arg-type]


def to_host(value: Any, type: Type, machine: Machine) -> Any:
    """A result as native code hands it to Python: integers signed, ``i1`` a bool, unit None."""
    if isinstance(type, IntType):
        return bool(value) if type.bits == 1 else signed(value, type.bits)
    if type is UNIT:
        return None
    if isinstance(type, (TupleType, ArrayType)):
        inner = type.elements if isinstance(type, TupleType) else [type.element] * len(value)
        return tuple(to_host(v, t, machine) for v, t in zip(value, inner, strict=True))
    if isinstance(type, NamedType):
        return value
    if isinstance(value, Pointer):
        return value.address or None
    return value


def arguments_of_main(machine: Machine, function: Function, words: list[str]) -> list[Any]:
    """``argc`` and ``argv``, or nothing for a ``main`` that takes none."""
    if not function.parameters:
        return []
    import os

    pointers = []
    for word in words:
        data = os.fsencode(word) + b"\0"
        text = machine.memory.allocate(len(data), 1, HOST, None, "argv")
        text.data[:] = data
        pointers.append(Pointer(text.base, text))
    pointers.append(Pointer(0, None))
    codec = machine.codecs.of(function.signature.type.parameters[1])
    table = machine.memory.allocate(codec.size * len(pointers), codec.align, HOST, None, "argv")
    for k, pointer in enumerate(pointers):
        table.data[k * codec.size : (k + 1) * codec.size] = codec.encode(pointer)
    return [len(words), Pointer(table.base, table)]
