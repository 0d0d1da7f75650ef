"""Python values as values of the language in memory, and back.

| type | in | out |
|---|---|---|
| `i1` | a bool | a bool |
| `i8` .. `i128` | an int that fits with a sign | an int, signed |
| `usize` | an int from 0 | an int |
| `f32`, `f64` | a float or int | a float |
| `()`, `phantom<T>` | None | None |
| a struct | a named tuple, an object with its fields, a mapping, a tuple in order | a named tuple |
| a tuple, an array | a sequence of that length | a tuple |
| an enum | `types["E"].Some(1)`, `("Some", 1)`, `"None"` where there is no payload | an instance of the variant's named tuple |
| `ptr<T>` | an address, None, a ctypes pointer | an address, None for null |

A ``Codec`` writes a value into memory at an offset and reads it back; there is one for each type of a module. Whoever is
asked for a value of a type without one is told so with the parameter's name.

Example: ``codecs.of(F64).write(memory, 8, 2.5, ("parameter %x of @f", None))``.

Invariant: ``read`` after ``write`` gives an equal value, and what does not fit is an error, never cut off.
"""

from __future__ import annotations

import ctypes
import keyword
import operator
import struct
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import attrs

from altru_ir.layout import LayoutError, enum_layout, field_offsets, layout_of, round_up
from altru_ir.module import Module, TypeDeclaration
from altru_ir.types import (
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    FloatType,
    IntType,
    NamedType,
    OwnType,
    PhantomType,
    PtrType,
    TupleType,
    Type,
    UsizeType,
)

CFuncPtr: Any = ctypes.CFUNCTYPE(None).__mro__[1]
"""The class of all functions that ctypes knows."""

Where = tuple[str, Any]
"""What a value is for, inside out: ``("element 3", ("parameter %xs of @f", None))``."""

Memory = Any
"""A writable ``memoryview`` or ``bytearray``."""

CODES = {8: "b", 16: "h", 32: "i", 64: "q"}
"""``struct`` characters of signed integers by width."""

LARGEST_F32 = 3.4028235677973366e38
"""Halfway between the largest ``f32`` and the next power of two: what is not below it has no ``f32`` that is finite."""


def spell(where: Where | None) -> str:
    """``element 3 of parameter %xs of @f``."""
    words = []
    while where is not None:
        words.append(where[0])
        where = where[1]
    return " of ".join(words)


def shown(value: Any) -> str:
    """A value and its class, short."""
    try:
        text = repr(value)
    except (ValueError, TypeError, AttributeError, RecursionError):  # a class of the caller's may have any __repr__
        text = ""
    kind = type(value).__name__
    return f"{kind} {text}" if 0 < len(text) <= 40 else kind


def wrong(where: Where, type: Type, takes: str, value: Any) -> TypeError:
    """The error for a value of the wrong class."""
    return TypeError(f"{spell(where)} has type `{type}` and takes {takes}, not {shown(value)}")


def integer(value: Any, type: Type, least: int, most: int, where: Where) -> int:
    """An int of a type. Raises ``TypeError`` and ``OverflowError``."""
    try:
        found = operator.index(value)
    except TypeError:
        raise wrong(where, type, "an int", value) from None
    if least <= found <= most:
        return found
    hint = ""
    if most < found <= 2 * most + 1 and least:
        hint = f"; integers have no sign of their own and are given with one: pass {found} - 2**{(most + 1).bit_length()}"
    text = str(found) if found.bit_length() <= 256 else f"an int of {found.bit_length()} bits"  # Python writes none too long
    raise OverflowError(f"{spell(where)} has type `{type}`, from {least} to {most}, and {text} does not fit{hint}")


def boolean(value: Any, type: Type, where: Where) -> bool:
    """A bool, of Python or of NumPy. Raises ``TypeError``."""
    if value is True or value is False:
        return bool(value)
    item = getattr(value, "item", None)  # scalars of NumPy and their kin
    if callable(item):
        inner = item()
        if inner is True or inner is False:
            return bool(inner)
    raise wrong(where, type, "a bool", value)


def real(value: Any, type: Type, bits: int, where: Where) -> float:
    """A float. Raises ``TypeError``, and ``OverflowError`` for an ``f32`` that would become infinite."""
    if not isinstance(value, float):
        if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
            raise wrong(where, type, "a float", value)
        try:
            value = float(value)
        except TypeError:
            raise wrong(where, type, "a float", value) from None
        except OverflowError:
            raise OverflowError(f"{spell(where)} has type `{type}`, and {shown(value)} is too large for it") from None
    if bits == 32 and abs(value) >= LARGEST_F32 and abs(value) != float("inf"):
        raise OverflowError(f"{spell(where)} has type `{type}`, and {value!r} is too large for it")
    return float(value)


def address(value: Any, type: Type, where: Where) -> int:
    """A raw address: an int, None, or what ctypes calls a pointer. Raises ``TypeError`` and ``OverflowError``."""
    if value is None:
        return 0
    if isinstance(value, (ctypes.c_void_p, ctypes.c_char_p, ctypes._Pointer, ctypes.Array, CFuncPtr)):
        return ctypes.cast(value, ctypes.c_void_p).value or 0
    if hasattr(value, "__index__"):
        return integer(value, type, 0, (1 << 64) - 1, where)
    raise wrong(where, type, "an address: an int, None or a ctypes pointer", value)


class NoCodec(Exception):
    """A type whose values do not cross; the message says which."""


@attrs.frozen
class Codec:
    """How values of one type are laid out.

    ``write(memory, offset, value, where)`` and ``read(memory, offset)``; ``code`` is the ``struct`` character of a number
    that is checked by ``struct`` itself, None for all others.
    """

    size: int
    align: int
    write: Callable[[Memory, int, Any, Where], None]
    read: Callable[[Memory, int], Any]
    code: str | None = None


@attrs.define(eq=False)
class Codecs:
    """The codecs of a module's types, and its structs and enums as Python classes."""

    module: Module
    _known: dict[Type, Codec] = attrs.Factory(dict)
    classes: dict[str, Any] = attrs.Factory(dict)

    def of(self, type: Type) -> Codec:
        """The codec of ``type``. Raises ``NoCodec``."""
        type = type.erased
        known = self._known.get(type)
        if known is None:
            try:
                layout = layout_of(type, self.module)
            except LayoutError as error:
                raise NoCodec(str(error)) from None
            known = self._known[type] = self._make(type, layout.size, layout.align)
        return known

    def class_of(self, name: str) -> Any:
        """The named tuple of a struct, or a namespace with one for each variant of an enum. Raises ``KeyError``."""
        known = self.classes.get(name)
        if known is None:
            declaration = self.module.types.get(name)
            if declaration is None or declaration.kind == "union":
                names = ", ".join(n for n, d in self.module.types.items() if d.kind != "union") or "none"
                raise KeyError(f"there is no struct or enum @{name}; there are {names}")
            if declaration.kind == "struct":
                known = _named_tuple(name, [field.name for field in declaration.members])
            else:
                variants = {v.name: _named_tuple(v.name, ["value"] if v.type is not UNIT else []) for v in declaration.members}
                known = SimpleNamespace(**({made.__name__: made for made in variants.values()} | variants))
            known = self.classes.setdefault(name, known)  # two threads may ask at once, and a class is what it is by identity
        return known

    def _make(self, type: Type, size: int, align: int) -> Codec:
        if isinstance(type, (CellType, AtomicType)):
            return self.of(type.target)
        if isinstance(type, (IntType, UsizeType)):
            return _integer_codec(type, size)
        if isinstance(type, FloatType):
            return _float_codec(type)
        if isinstance(type, PtrType) and size == 8:
            return _pointer_codec(type)
        if type is UNIT or isinstance(type, PhantomType):
            return Codec(0, 1, lambda memory, offset, value, where: _nothing(value, type, where), lambda memory, offset: None)
        if isinstance(type, TupleType):
            return self._sequence(type, type.elements, size, align)
        if isinstance(type, ArrayType):
            inner = type.element if len(type.dimensions) == 1 else ArrayType(type.dimensions[1:], type.element)
            return self._array(type, inner, type.dimensions[0] or 0, size, align)
        if isinstance(type, NamedType):
            declaration = self.module.types[type.name]
            if declaration.drop is None and declaration.kind == "struct":
                return self._struct(type, declaration, size, align)
            if declaration.drop is None and declaration.kind == "enum":
                return self._enum(type, declaration, size, align)
        if isinstance(type, OwnType):
            raise NoCodec(f"an owner inside of another value (`{type}`) does not cross; one by itself does")
        raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")

    def _sequence(self, type: Type, parts: tuple[Type, ...], size: int, align: int) -> Codec:
        codecs, offsets, at = [self.of(part) for part in parts], [], 0
        for codec in codecs:
            at = round_up(at, codec.align)
            offsets.append(at)
            at += codec.size

        def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
            values = _elements(value, len(codecs), type, where)
            for index, (codec, inside, each) in enumerate(zip(codecs, offsets, values)):
                codec.write(memory, offset + inside, each, (f"element {index}", where))

        def read(memory: Memory, offset: int) -> Any:
            return tuple([codec.read(memory, offset + inside) for codec, inside in zip(codecs, offsets)])

        return Codec(size, align, write, read)

    def _array(self, type: Type, element: Type, length: int, size: int, align: int) -> Codec:
        codec = self.of(element)
        inside = range(0, length * codec.size, codec.size) if codec.size else [0] * length

        def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
            if isinstance(value, str) and codec.code == "b":
                value = [each - 256 if each > 127 else each for each in value.encode()]
            elif isinstance(value, (bytes, bytearray)) and codec.code == "b":
                value = [each - 256 if each > 127 else each for each in value]
            for index, each in enumerate(_elements(value, length, type, where)):
                codec.write(memory, offset + inside[index], each, (f"element {index}", where))

        def read(memory: Memory, offset: int) -> Any:
            return tuple([codec.read(memory, offset + each) for each in inside])

        return Codec(size, align, write, read)

    def _struct(self, type: Type, declaration: TypeDeclaration, size: int, align: int) -> Codec:
        fields = declaration.members
        parts = [
            (field.name, self.of(field.type), inside) for field, inside in zip(fields, field_offsets(declaration, self.module))
        ]
        made = self.class_of(declaration.name)

        def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
            for (name, codec, inside), each in zip(parts, _fields(value, declaration, type, where)):
                codec.write(memory, offset + inside, each, (f"field `{name}`", where))

        def read(memory: Memory, offset: int) -> Any:
            return made._make([codec.read(memory, offset + inside) for _, codec, inside in parts])

        return Codec(size, align, write, read)

    def _enum(self, type: Type, declaration: TypeDeclaration, size: int, align: int) -> Codec:
        _, bits, start = enum_layout(declaration, self.module)
        tag = struct.Struct({8: "<B", 16: "<H", 32: "<I"}[bits])
        payloads = [self.of(variant.type) for variant in declaration.members]
        names = [variant.name for variant in declaration.members]
        namespace = self.class_of(declaration.name)
        classes = [getattr(namespace, name) for name in names]

        def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
            index, payload = choose(value, where)
            memory[offset : offset + size] = bytes(size)  # what the payload does not use is not left over from before
            tag.pack_into(memory, offset, index)
            payloads[index].write(memory, offset + start, payload, (f"variant `{names[index]}`", where))

        def choose(value: Any, where: Where) -> tuple[int, Any]:
            for index, each in enumerate(classes):
                if isinstance(value, each):
                    return index, value[0] if len(value) else None
            if isinstance(value, str):
                value = (value,)
            if isinstance(value, tuple) and 1 <= len(value) <= 2 and isinstance(value[0], str):
                if value[0] not in names:
                    known = ", ".join(names)
                    raise ValueError(f"{spell(where)} has type `{type}`, whose variants are {known}, not {value[0]}")
                return names.index(value[0]), value[1] if len(value) == 2 else None
            raise wrong(where, type, "a variant with its payload, such as " + _example(declaration), value)

        def read(memory: Memory, offset: int) -> Any:
            index = tag.unpack_from(memory, offset)[0]
            payload = payloads[index].read(memory, offset + start)
            return classes[index](payload) if declaration.members[index].type is not UNIT else classes[index]()

        return Codec(size, align, write, read)


def _integer_codec(type: IntType | UsizeType, size: int) -> Codec:
    if isinstance(type, IntType) and type.bits == 1:

        def write_bool(memory: Memory, offset: int, value: Any, where: Where) -> None:
            memory[offset : offset + 1] = b"\1" if boolean(value, type, where) else b"\0"

        return Codec(1, 1, write_bool, lambda memory, offset: bytes(memory[offset : offset + 1]) != b"\0")
    signed = isinstance(type, IntType)
    least, most = limits(type)

    def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
        found = integer(value, type, least, most, where)
        memory[offset : offset + size] = found.to_bytes(size, "little", signed=signed)

    def read(memory: Memory, offset: int) -> int:
        return int.from_bytes(memory[offset : offset + size], "little", signed=signed)

    return Codec(size, size, write, read, "Q" if not signed else CODES.get(8 * size))


def limits(type: IntType | UsizeType) -> tuple[int, int]:
    """The least and the greatest int that a host may pass for an integer of ``type``."""
    if isinstance(type, UsizeType):
        return 0, (1 << 64) - 1
    return -(1 << (type.bits - 1)), (1 << (type.bits - 1)) - 1


def _float_codec(type: FloatType) -> Codec:
    packed = struct.Struct("<f" if type.bits == 32 else "<d")

    def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
        packed.pack_into(memory, offset, real(value, type, type.bits, where))

    def read(memory: Memory, offset: int) -> Any:
        return packed.unpack_from(memory, offset)[0]

    return Codec(packed.size, packed.size, write, read, "f" if type.bits == 32 else "d")


def _pointer_codec(type: PtrType) -> Codec:
    def write(memory: Memory, offset: int, value: Any, where: Where) -> None:
        memory[offset : offset + 8] = address(value, type, where).to_bytes(8, "little")

    def read(memory: Memory, offset: int) -> int | None:
        return int.from_bytes(memory[offset : offset + 8], "little") or None

    return Codec(8, 8, write, read)


def _nothing(value: Any, type: Type, where: Where) -> None:
    if value is not None and value != ():
        raise wrong(where, type, "None", value)


def _elements(value: Any, count: int, type: Type, where: Where) -> Sequence[Any]:
    """The elements of a sequence of ``count``. Raises ``TypeError`` and ``ValueError``."""
    if (
        isinstance(value, (str, bytes, bytearray, Mapping))
        or not hasattr(value, "__getitem__")
        or not hasattr(value, "__len__")
    ):
        raise wrong(where, type, f"a sequence of {count}", value)
    found = value if value.__class__ is tuple else list(value)  # as many as it says, and as it has now
    if len(found) != count:
        raise ValueError(f"{spell(where)} has type `{type}` and takes {count} elements, not {len(found)}")
    return found


_MISSING = object()


def _fields(value: Any, declaration: TypeDeclaration, type: Type, where: Where) -> list[Any]:
    """The values of a struct's fields, in order. Raises ``TypeError`` and ``ValueError``."""
    names = [field.name for field in declaration.members]
    if isinstance(value, Mapping):
        for name in names:
            if name not in value:
                raise ValueError(f"{spell(where)} has type `{type}`, and field `{name}` is missing")
        for key in value:
            if key not in names:
                raise ValueError(f"{spell(where)} has type `{type}`, which has no field {key!r}; there are {', '.join(names)}")
        return [value[name] for name in names]
    if isinstance(value, (tuple, list)):  # a named tuple in its order, whatever it calls its fields
        if len(value) != len(names):
            raise ValueError(f"{spell(where)} has type `{type}` and takes {len(names)} fields, not {len(value)}")
        return list(value)
    item = getattr(value, "item", None)
    if callable(item) and hasattr(value, "dtype"):  # a record of NumPy
        inner = item()
        if isinstance(inner, tuple):
            return _fields(inner, declaration, type, where)
    found = [getattr(value, name, _MISSING) for name in names]
    if names and all(each is _MISSING for each in found):
        raise wrong(where, type, "a mapping, a tuple or an object with " + ", ".join(f"`{name}`" for name in names), value)
    for name, each in zip(names, found):
        if each is _MISSING:
            raise ValueError(f"{spell(where)} has type `{type}`, and {shown(value)} has no `{name}`")
    return found


def _example(declaration: TypeDeclaration) -> str:
    first = declaration.members[0] if declaration.members else None
    if first is None:
        return "none: there are no variants"
    return f'("{first.name}", ...)' if first.type is not UNIT else f'"{first.name}"'


def _named_tuple(name: str, fields: list[str]) -> Any:
    spelled = name if name.isidentifier() and not keyword.iskeyword(name) else f"{name}_"  # None_, as Python says class_
    return namedtuple(spelled if spelled.isidentifier() else "value", fields, rename=True)


__all__ = [
    "CODES", "LARGEST_F32", "CFuncPtr", "Codec", "Codecs", "Memory", "NoCodec", "Where", "address", "boolean", "integer",
    "limits", "real", "shown", "spell", "wrong",
]  # fmt: skip
