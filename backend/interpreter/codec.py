"""How values stand in memory: each type as abstract bytes, and back.

Values of the machine, by type: integers are Python integers from 0 up, floats Python floats, unit is None; structs, tuples
and arrays are tuples of their parts; an enum is ``(index of the variant, payload)``; a union is a tuple of abstract bytes;
every pointer-like value, function and resource handle is a ``Pointer``.

Decoding is where a read of memory is judged: bytes that hold nothing, and bytes that are no value of the type.

Example: ``codec(I32).encode(1) == [1, 0, 0, 0]`` on a little-endian target.

Invariant: ``decode(encode(v))`` is ``v``; bytes between fields (padding) hold nothing after a store.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.memory import DESCRIPTOR, Fragment, Gone, Pointer
from altru_ir.layout import enum_layout, field_offsets, layout_of
from altru_ir.marks import needs_drop
from altru_ir.module import Module
from altru_ir.ops.aggregates import field_types
from altru_ir.types import (
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    DynType,
    FloatType,
    FunctionType,
    GcType,
    IntType,
    MutexType,
    NamedType,
    OwnType,
    PhantomType,
    PoolHandleType,
    RefType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
)
from altru_ir.values import Operation

Decode = Callable[[list[Any], Operation], Any]
Encode = Callable[[Any], Any]


class Codec:
    """``size`` and ``align`` in bytes; ``encode`` a value to bytes, ``decode`` bytes to a value."""

    __slots__ = ("align", "decode", "encode", "size", "type")

    def __init__(self, type: Type, size: int, align: int, encode: Encode, decode: Decode) -> None:
        self.type = type
        self.size = size
        self.align = align
        self.encode = encode
        self.decode = decode


class Codecs:
    """The codecs of a module's types, made when they are first asked for."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.known: dict[Type, Codec] = {}
        self.order: Any = "little"
        self.word = module.pointer_bits // 8

    def of(self, type: Type) -> Codec:
        """The codec of a sized type."""
        known = self.known.get(type)
        if known is None:
            layout = layout_of(type, self.module)
            encode, decode = self._make(type, layout.size)
            known = self.known[type] = Codec(type, layout.size, layout.align, encode, decode)
        return known

    def _make(self, type: Type, size: int) -> tuple[Encode, Decode]:
        if isinstance(type, (IntType, UsizeType)):
            return self._integer(type, size)
        if isinstance(type, FloatType):
            return self._float(type)
        if type is UNIT or isinstance(type, PhantomType):
            return (lambda value: []), (lambda data, op: None)
        if isinstance(type, UninitType):
            return (lambda value: [None] * size), (lambda data, op: None)
        if isinstance(type, (CellType, AtomicType)):
            inner = self.of(type.target)
            return inner.encode, inner.decode
        if isinstance(type, MutexType):
            return self._mutex(self.of(type.target), size)
        if isinstance(type, PoolHandleType):
            return self._handle()
        if isinstance(type, ArrayType):
            return self._array(type)
        if isinstance(type, TupleType):
            return self._fields(list(type.elements), size)
        if isinstance(type, NamedType):
            return self._named(type, size)
        return self._pointer(type)

    # -- scalars --

    def _integer(self, type: Type, size: int) -> tuple[Encode, Decode]:
        order = self.order
        bits = type.bits if isinstance(type, IntType) else self.module.pointer_bits

        def encode(value: int) -> bytes:
            return value.to_bytes(size, order)

        def decode(data: list[Any], op: Operation) -> int:
            try:
                value = int.from_bytes(data, order)
            except TypeError:
                value = int.from_bytes(plain(data, type, op), order)
            if bits == 1 and value > 1:
                raise fault("ALT-I002", f"the byte {value} is no `i1`", op)
            return value

        return encode, decode

    def _float(self, type: FloatType) -> tuple[Encode, Decode]:
        shape = "<f" if type.bits == 32 else "<d"
        pack, unpack = struct.Struct(shape).pack, struct.Struct(shape).unpack

        def decode(data: list[Any], op: Operation) -> float:
            try:
                return unpack(bytes(data))[0]  # type: ignore[no-any-return]
            except TypeError:
                return unpack(bytes(plain(data, type, op)))[0]  # type: ignore[no-any-return]

        return pack, decode

    # -- pointers --

    def _pointer(self, type: Type) -> tuple[Encode, Decode]:
        word, order = self.word, self.order
        pointee = type.pointee
        inner = pointee.target if isinstance(pointee, UninitType) else pointee
        lengths = len(inner.dimensions) if isinstance(inner, ArrayType) and inner.is_unsized else 0
        dynamic = isinstance(inner, DynType)
        checked = isinstance(type, (RefType, OwnType, GcType, FunctionType))

        def thin(pointer: Pointer) -> list[Any]:
            if pointer.allocation is None:
                return list(pointer.address.to_bytes(word, order))
            return [Fragment(pointer, k) for k in range(word)]

        def encode(pointer: Pointer) -> list[Any]:
            data = thin(pointer)
            if dynamic:
                data += thin(pointer.meta[0])
            for length in pointer.meta[:lengths]:
                data += length.to_bytes(word, order)
            return data

        def address(data: list[Any], op: Operation) -> Pointer:
            first = data[0]
            if first.__class__ is Fragment and first.index == 0:
                pointer: Pointer = first.pointer
                if all(b.__class__ is Fragment and b.pointer is pointer and b.index == k for k, b in enumerate(data)):
                    return pointer
            return Pointer(int.from_bytes(plain(data, type, op), order), None)

        def decode(data: list[Any], op: Operation) -> Pointer:
            pointer = address(data[:word], op)
            if checked and pointer.address == 0:
                raise fault("ALT-I002", f"a null address is no `{type}`", op)
            if not (lengths or dynamic):
                return pointer
            meta: tuple[Any, ...]
            if dynamic:
                descriptor = address(data[word:], op)
                if descriptor.allocation is None or descriptor.allocation.kind != DESCRIPTOR:
                    raise fault("ALT-I002", f"the second word of a `{type}` is no type descriptor", op)
                meta = (descriptor,)
            else:
                rest = plain(data[word:], type, op)
                meta = tuple(int.from_bytes(rest[k : k + word], order) for k in range(0, word * lengths, word))
            return Pointer(pointer.address, pointer.allocation, pointer.tag, meta)

        return encode, decode

    def _handle(self) -> tuple[Encode, Decode]:
        order = self.order

        def encode(value: tuple[int, int]) -> bytes:
            return bytes(value[0].to_bytes(4, order) + value[1].to_bytes(4, order))

        def decode(data: list[Any], op: Operation) -> tuple[int, int]:
            numbers = plain(data, UNIT, op)
            return int.from_bytes(numbers[:4], order), int.from_bytes(numbers[4:], order)

        return encode, decode

    # -- aggregates --

    def _mutex(self, part: Codec, size: int) -> tuple[Encode, Decode]:
        """A word that says it is not locked, then the value."""
        offset = max(part.align, self.word)

        def encode(value: Any) -> list[Any]:
            data: list[Any] = [None] * size
            data[: self.word] = bytes(self.word)
            data[offset : offset + part.size] = part.encode(value)
            return data

        def decode(data: list[Any], op: Operation) -> Any:
            return part.decode(data[offset : offset + part.size], op)

        return encode, decode

    def _fields(self, types: list[Type], size: int, offsets: list[int] | None = None) -> tuple[Encode, Decode]:
        if offsets is None:
            offsets, at = [], 0
            for each in types:
                layout = layout_of(each, self.module)
                at = (at + layout.align - 1) & -layout.align
                offsets.append(at)
                at += layout.size
        parts = [(o, o + self.of(t).size, self.of(t)) for o, t in zip(offsets, types, strict=True)]

        def encode(value: tuple[Any, ...]) -> list[Any]:
            data: list[Any] = [None] * size
            for (low, high, part), each in zip(parts, value, strict=True):
                data[low:high] = part.encode(each)
            return data

        def decode(data: list[Any], op: Operation) -> tuple[Any, ...]:
            return tuple([part.decode(data[low:high], op) for low, high, part in parts])

        return encode, decode

    def _array(self, type: ArrayType) -> tuple[Encode, Decode]:
        """The elements of all dimensions in row-major order; a value nests one tuple per dimension."""
        part = self.of(type.element)
        length = type.dimensions[0] or 0
        if len(type.dimensions) > 1:
            part = self.of(ArrayType(type.dimensions[1:], type.element))
        width = part.size

        def encode(value: tuple[Any, ...]) -> list[Any]:
            data: list[Any] = []
            for each in value:
                data += part.encode(each)
            return data

        def decode(data: list[Any], op: Operation) -> tuple[Any, ...]:
            return tuple([part.decode(data[k * width : (k + 1) * width], op) for k in range(length)])

        return encode, decode

    def _named(self, type: NamedType, size: int) -> tuple[Encode, Decode]:
        declaration = self.module.types[type.name]
        if declaration.kind == "struct":
            types = list((field_types(type, self.module, "struct") or {}).values())
            return self._fields(types, size, field_offsets(declaration, self.module))
        if declaration.kind == "union":
            return list, (lambda data, op: tuple(data))
        payloads = [self.of(t) for t in (field_types(type, self.module, "enum") or {}).values()]
        _, bits, offset = enum_layout(declaration, self.module)
        tag_size, order = bits // 8, self.order

        def encode(value: tuple[int, Any]) -> list[Any]:
            data: list[Any] = [None] * size
            index, payload = value
            data[:tag_size] = index.to_bytes(tag_size, order)
            data[offset : offset + payloads[index].size] = payloads[index].encode(payload)
            return data

        def decode(data: list[Any], op: Operation) -> tuple[int, Any]:
            index = int.from_bytes(plain(data[:tag_size], type, op), order)
            if index >= len(payloads):
                raise fault("ALT-I002", f"{index} is no variant of `{type}`, which has {len(payloads)}", op)
            part = payloads[index]
            return index, part.decode(data[offset : offset + part.size], op)

        return encode, decode


def plain(data: list[Any], type: Type, op: Operation) -> list[int]:
    """The bytes as numbers: those of a pointer lose their provenance. Raises ``MemoryFault`` where nothing is."""
    found = []
    for byte in data:
        if byte is None:
            raise fault("ALT-I001", f"read of a `{type}` from memory that holds nothing yet", op)
        if byte.__class__ is Gone:
            code = "ALT-M001"
            raise fault(code, f"use of a value that was {byte.how}", op, story=((byte.where, f"it is {byte.how} here"),))
        if byte.__class__ is Fragment:
            found.append(byte.pointer.address >> (8 * byte.index) & 0xFF)
        else:
            found.append(byte)
    return found


def moves(type: Type, module: Module) -> bool:
    """Whether what a ``type`` leaves behind when it is moved out must not be used again."""
    from altru_ir.marks import copies

    return needs_drop(type, module) or not copies(type, module)
