"""Results: the lines of a call's source that make of what native code gives what Python gets.

    i64                 _result                         a number, as the stub makes it
    @Point              _out = _loan.scratch(16, 8)     it is stored there, and copied out by _read(_out)
    own<i64>            _made = _owned()                it is stored in there by the stub

Invariant: a result is copied out of memory before the loan of its call ends; an owner is never nobody's.
"""

from __future__ import annotations

import ctypes
from typing import Any

import attrs

from altru_ir.backend.host import stubs
from altru_ir.backend.host.arguments import Arguments
from altru_ir.backend.host.callbacks import ctype_of
from altru_ir.backend.host.copies import copy_out
from altru_ir.backend.host.loans import Scratch
from altru_ir.backend.host.owners import Owned, Release, crosses
from altru_ir.backend.host.values import NoCodec
from altru_ir.backend.lower.entries import passed_as
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.types import ArrayType, FloatType, IntType, OwnType, PtrType, RefType, UsizeType


@attrs.frozen
class Result:
    """``type`` is that of ctypes, ``setup`` are lines in front of the call, and ``given`` is what Python gets."""

    type: Any
    setup: list[str]
    given: str


def result_of(arguments: Arguments) -> Result:
    """The result of a call with these arguments, to which a place is added where it is stored. Raises ``NoCodec``."""
    type, namespace, codecs = arguments.callee.type.result, arguments.namespace, arguments.codecs
    kind = passed_as(type)
    lengths = dimensions_of(type) if isinstance(type, RefType) or crosses(type) else 0
    if kind == "nothing":
        return Result(None, [], "None")
    if kind == "scalar" and isinstance(type, (IntType, UsizeType, FloatType, PtrType)):
        return Result(ctype_of(type), [], "_result")
    if isinstance(type, OwnType) and crosses(type):
        release: Release = arguments.unit.releases[type.erased]
        namespace["_owned"] = lambda: Owned(type, release, codecs)
        _stored_at(arguments, "_made.place + 8")
        return Result(None if lengths else stubs.STORED, ["_made = _owned()"], "_made")
    if isinstance(type, RefType) and kind == "scalar" and not type.target.is_unsized:
        inner = codecs.of(type.target)
        namespace["_read"] = lambda found: inner.read(ctypes.string_at(found, inner.size), 0)
        return Result(ctypes.c_void_p, [], "_read(_result)")
    if lengths and isinstance(type, RefType) and isinstance(type.target, ArrayType):
        element = type.target.element
        codecs.of(element)

        def read_slice(scratch: Scratch) -> Any:
            words = [int.from_bytes(scratch.memory[at : at + 8], "little") for at in range(0, 8 * (lengths + 1), 8)]
            return copy_out(words[0], words[1:], element, codecs)

        namespace["_read"] = read_slice
        return _through_memory(arguments, 8 * (lengths + 1), 8)
    if kind == "memory":
        codec = codecs.of(type)
        namespace["_read"] = lambda scratch: codec.read(scratch.memory, 0)
        return _through_memory(arguments, codec.size, codec.align)
    raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")


def _stored_at(arguments: Arguments, place: str) -> None:
    arguments.types.insert(0, ctypes.c_void_p)
    arguments.words.insert(0, place)


def _through_memory(arguments: Arguments, size: int, align: int) -> Result:
    """A result that is stored where the host says."""
    arguments.borrows = True
    _stored_at(arguments, "_out.address")
    return Result(None, [f"_out = _loan.scratch({size}, {align})"], "_read(_out)")


__all__ = ["Result", "result_of"]
