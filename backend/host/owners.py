"""Owners in Python: what a compiled function gives away as ``own<T>``, held until Python lets go of it.

    text = lib["greeting"]("Ada")      # func @greeting(%name: ref<[? x i8]>) -> own<[? x i8]>
    text.value                         # a copy of what is owned: b"Hello, Ada"
    lib["consume"](text)               # func @consume(%text: own<[? x i8]>): moved, `text` holds nothing now

An ``Owned`` is released when nothing refers to it, at the end of a ``with``, or by ``release``; compiled code does it, so
destructors run. A parameter ``own<T>`` takes one of the same type and moves it; a reference to ``T`` borrows it. To release an
owner takes a function of the module; ``with_releases`` adds one for each type that its public functions give.

Invariants: an owner is released or moved once, whatever threads do; neither happens while a view of it exists, and a call that
borrows it has one. The code that releases it stays as long as it may be needed.
"""

from __future__ import annotations

import ctypes
import re
import weakref
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from altru_ir.backend.host.buffers import copy_out
from altru_ir.backend.host.values import Codecs, NoCodec, Where, spell, wrong
from altru_ir.builder import Builder
from altru_ir.layout import layout_of
from altru_ir.module import Module
from altru_ir.types import ArrayType, OwnType, Type

Release = Callable[..., None]
"""Takes the address of what is owned, and the lengths of a sequence."""

ELEMENTS: dict[str, Any] = {
    "b": ctypes.c_int8, "h": ctypes.c_int16, "i": ctypes.c_int32, "q": ctypes.c_int64, "Q": ctypes.c_uint64,
    "f": ctypes.c_float, "d": ctypes.c_double,
}  # fmt: skip


_TYPE = attrgetter("signature.type")


def crosses(type: Type) -> bool:
    """Whether an owner of this type can be held by a host: on the heap or foreign, of a size or a sequence."""
    if not isinstance(type, OwnType) or type.region is not None or type.pool:
        return False
    target = type.target
    return not target.is_unsized or isinstance(target, ArrayType)


def with_releases(module: Module, *, for_c: bool = False) -> tuple[Module, dict[str, Type]]:
    """``module`` as it is, or a clone with a function for each type of owner that it gives away; the types by their names.
    ``for_c`` gives them names that C can write: ``release_Node`` for an ``own<@Node>``."""
    types = set(map(_TYPE, module.functions.values()))
    if not any(crosses(each.result) for each in types):  # of most modules this is all that is asked
        return module, {}
    given = [f.signature.result for f in module.functions.values() if f.blocks and f.linkage != "private"]
    wanted = {type.erased: type for type in given if crosses(type)}
    if not wanted:
        return module, {}
    copy = module.clone()
    builder = Builder(copy)
    names: dict[str, Type] = {}
    for type in wanted.values():
        name, more = (_name_for_c(type), "_") if for_c else (f"drop {type}", "'")
        while name in copy.functions or name in copy.globals:
            name += more
        with builder.body(builder.function(name, [("owner", type)])) as (owner,):
            builder.drop(owner)
        names[name] = type.erased
    return copy, names


def _name_for_c(type: Type) -> str:
    """``release_slice_f64`` for an ``own<[? x f64]>``."""
    words = re.findall(r"[A-Za-z0-9_]+", str(type.pointee).replace("?", "slice"))
    return "_".join(["release", *(word for word in words if word != "x")])


class Owned:
    """One owner; see the module's docstring. Made by calls of compiled functions."""

    __slots__ = ("__weakref__", "_codecs", "_finalizer", "_views", "_words", "type")

    def __init__(self, type: OwnType, words: Sequence[int], release: Release, codecs: Codecs) -> None:
        self.type = type
        self._words = tuple(words)
        self._codecs = codecs
        self._views: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._finalizer = weakref.finalize(self, release, *self._words)

    @property
    def alive(self) -> bool:
        """Whether it still holds something: it was neither released nor moved."""
        return self._finalizer.alive

    @property
    def address(self) -> int:
        """Where what is owned lies. Raises ``ValueError`` when nothing is."""
        return self.words()[0]

    @property
    def value(self) -> Any:
        """A copy, as ``ref<T>`` would come to Python. Raises ``ValueError`` when it holds nothing, ``TypeError`` for a type
        whose values do not cross."""
        address, *lengths = self.words()
        target = self.type.target
        try:
            if isinstance(target, ArrayType) and target.is_unsized:
                return copy_out(address, lengths, target.element, self._codecs)
            codec = self._codecs.of(target)
        except NoCodec as error:
            raise TypeError(str(error)) from None
        return codec.read(ctypes.string_at(address, codec.size), 0)

    def words(self) -> tuple[int, ...]:
        """The address and the lengths. Raises ``ValueError`` when it holds nothing."""
        if not self.alive:
            raise ValueError(f"this `{self.type}` was released or moved")
        return self._words

    def view(self) -> Any:
        """The memory itself, as an array of ctypes (``memoryview`` and NumPy take it): numbers, or the bytes of anything else.

        While it exists the owner is neither released nor moved. Raises ``ValueError`` when it holds nothing.
        """
        address, *lengths = self.words()
        target, count = self.type.target, 1
        element = target.element if isinstance(target, ArrayType) else target
        for length in (*lengths, *(target.dimensions if isinstance(target, ArrayType) else ())):
            count *= 1 if length is None else length
        try:
            kind = ELEMENTS.get(self._codecs.of(element).code or "")
        except NoCodec:
            kind = None
        if kind is None:
            kind, count = ctypes.c_uint8, count * layout_of(element, self._codecs.module).size
        made: Any = (kind * count).from_address(address)
        made._owner = self
        self._views[id(made)] = made
        self.words()  # nobody has released it meanwhile
        return made

    def release(self) -> None:
        """Releases it now; a second time does nothing. Raises ``BufferError`` while it is viewed, and a destructor's panic."""
        self._check_unviewed()
        found = self._finalizer.detach()
        if found is not None:
            _, release, words, _ = found
            release(*words)

    def _check_unviewed(self) -> None:
        if len(self._views):
            raise BufferError(f"this `{self.type}` is viewed, and can neither be released nor moved")

    def __len__(self) -> int:
        if not isinstance(self.type.target, ArrayType):
            raise TypeError(f"a `{self.type}` has no length")
        words = self.words()
        return words[1] if len(words) > 1 else self.type.target.dimensions[0] or 0

    def __enter__(self) -> Owned:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<{self.type} at {self._words[0]:#x}>" if self.alive else f"<{self.type}, released or moved>"


def taker(type: OwnType, where: Where) -> Callable[[Any], Sequence[int]]:
    """What gives the words of an argument for a parameter ``own<T>``; ``move`` consumes it when all arguments are known."""

    def take(value: Any) -> Sequence[int]:
        if not isinstance(value, Owned):
            raise wrong(where, type, "an owner that a compiled function gave", value)
        if value.type.erased is not type.erased:
            raise TypeError(f"{spell(where)} has type `{type}`, and the owner has type `{value.type}`")
        if not value.alive:
            raise ValueError(f"{spell(where)} takes an owner, and this `{type}` was released or moved")
        return value.words()

    return take


def move(owners: Sequence[Owned]) -> None:
    """Consumes owners for a call that begins now. Raises ``ValueError`` and ``BufferError``; then none is consumed."""
    if len({id(each) for each in owners}) < len(owners):
        raise ValueError("one owner is given twice, and can be moved once")
    for each in owners:
        each._check_unviewed()
    taken: list[tuple[Owned, Any]] = []
    for each in owners:
        found = each._finalizer.detach()
        if found is None:  # another thread was faster
            for other, (_, release, words, _) in taken:
                other._finalizer = weakref.finalize(other, release, *words)
            raise ValueError(f"this `{each.type}` was released or moved")
        taken.append((each, found))


__all__ = ["Owned", "Release", "crosses", "move", "taker", "with_releases"]
