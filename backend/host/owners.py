"""Owners in Python: what a compiled function gives away as ``own<T>``, held until Python lets go of it.

    text = lib["greeting"]("Ada")      # func @greeting(%name: ref<[? x i8]>) -> own<[? x i8]>
    text.value                         # a copy of what is owned: b"Hello, Ada"
    lib["consume"](text)               # func @consume(%text: own<[? x i8]>): moved, `text` holds nothing now

An ``Owned`` is released when nothing refers to it, at the end of a ``with``, or by ``release``; compiled code does it, so
destructors run. A parameter ``own<T>`` takes one of the same type and moves it; a reference to ``T`` borrows it. To release an
owner takes a function of the module; ``with_releases`` adds one for each type that its public functions give.

(1) What is owned is known to one *cell* of memory at each time. Compiled code stores it there and stubs take it out of there,
    each in one step with the call; so no signal finds it outside, and of two threads that want it one gets it.
(2) Nothing is taken out of a cell while a view exists, and a call that borrows it has one. Whether one does is asked, and a
    view made, under a lock.

Invariant: an owner is released or moved once. The code that releases it stays as long as it may be needed.
"""

from __future__ import annotations

import ctypes
import os
import re
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from altru_ir.backend.host.copies import copy_out
from altru_ir.backend.host.formats import accepts_any_bytes
from altru_ir.backend.host.same_types import check_same
from altru_ir.backend.host.stubs import Refused
from altru_ir.backend.host.values import Codecs, NoCodec, Where, spell, wrong
from altru_ir.backend.lower.rows import table_rows, types_of
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.builder import Builder
from altru_ir.layout import layout_of
from altru_ir.module import Module
from altru_ir.types import ArrayType, FunctionType, OwnType, Type

Release = Callable[..., None]
"""Takes an owner out of its cell and releases it; raises ``Refused`` where nothing can be taken."""

ELEMENTS: dict[str, Any] = {
    "b": ctypes.c_int8, "h": ctypes.c_int16, "i": ctypes.c_int32, "q": ctypes.c_int64, "Q": ctypes.c_uint64,
    "f": ctypes.c_float, "d": ctypes.c_double,
}  # fmt: skip


def crosses(type: Type) -> bool:
    """Whether an owner of this type can be held by a host: on the heap or foreign, of a size or a sequence."""
    if not isinstance(type, OwnType) or type.region is not None or type.pool:
        return False
    target = type.target
    return not target.is_unsized or isinstance(target, ArrayType)


def with_releases(module: Module, types: Sequence[FunctionType], *, for_c: bool = False) -> tuple[Module, dict[str, Type]]:
    """``module`` as it is, or a clone with a function for each type of owner that it gives away; the types by their names.

    Parameters: ``types`` are those of its public functions (``rows.py``); ``for_c`` gives names that C can write:
    ``release_Node`` for an ``own<@Node>``."""
    wanted = {type.result.erased: type.result for type in dict.fromkeys(types) if crosses(type.result)}
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


def with_releases_for_c(module: Module) -> Module:
    """``module`` with a function for each type of owner that its public functions give to C."""
    return with_releases(module, types_of(table_rows(module)[0]), for_c=True)[0]


_viewing = threading.RLock()
"""Held for a few steps, in which it is found out whether something is viewed."""

os.register_at_fork(before=_viewing.acquire, after_in_parent=_viewing.release, after_in_child=_viewing.release)


def _name_for_c(type: Type) -> str:
    """``release_slice_f64`` for an ``own<[? x f64]>``."""
    words = re.findall(r"[A-Za-z0-9_]+", str(type.pointee).replace("?", "slice"))
    return "_".join(["release", *(word for word in words if word != "x")])


class Owned:
    """One owner; see the module's docstring. Made for calls of compiled functions, which fill its cell.

    The cell is a word that is not 0 while there may be views, an address, which is 0 when nothing is owned, and the lengths.
    """

    __slots__ = ("__weakref__", "_cell", "_codecs", "_finalizer", "_release", "_type", "_views")

    def __init__(self, type: OwnType, release: Release, codecs: Codecs) -> None:
        self._type = type
        self._cell = (ctypes.c_size_t * (2 + dimensions_of(type)))()
        self._codecs = codecs
        self._release = release
        self._views: list[weakref.ref[Any]] = []  # asked, not told: a signal may come in the way of a callback
        self._finalizer = weakref.finalize(self, _let_go, release, self._cell)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """There is no other that owns the same. Raises ``TypeError``: it is neither copied nor pickled."""
        raise TypeError(f"an `{self.type}` is owned once: it cannot be copied or pickled (`value` is a copy of what it owns)")

    @property
    def type(self) -> OwnType:
        """The type of the owner."""
        return self._type

    @property
    def place(self) -> int:
        """Where its cell is. A stub (``stubs.py``) takes the words out of it in one step, or stores them behind the first."""
        return ctypes.addressof(self._cell)

    @property
    def module(self) -> Module:
        """The types that it is one of."""
        return self._codecs.module

    @property
    def alive(self) -> bool:
        """Whether it still holds something: it was neither released nor moved."""
        return self._cell[1] != 0

    @property
    def address(self) -> int:
        """Where what is owned lies. Raises ``ValueError`` when nothing is."""
        return self.words()[0]

    @property
    def value(self) -> Any:
        """A copy, as ``ref<T>`` would come to Python. Raises ``ValueError`` when it holds nothing, ``TypeError`` for a type
        whose values do not cross."""
        viewed = self.view()  # so that nobody releases it meanwhile
        try:
            address, *lengths = self.words()
            target = self.type.target
            if isinstance(target, ArrayType) and target.is_unsized:
                return copy_out(address, lengths, target.element, self._codecs)
            codec = self._codecs.of(target)
            return codec.read(ctypes.string_at(address, codec.size), 0)
        except NoCodec as error:
            raise TypeError(str(error)) from None
        finally:
            del viewed

    def words(self) -> tuple[int, ...]:
        """The address and the lengths. Raises ``ValueError`` when it holds nothing."""
        words = tuple(self._cell)
        if not words[1]:
            raise ValueError(f"this `{self.type}` was released or moved")
        return words[1:]

    def view(self) -> Any:
        """The memory itself: numbers, or the bytes of anything else, as an array of ctypes (``memoryview`` and NumPy take it).
        Where not all bytes are values (a bool, an enum, a pointer) it is a ``memoryview`` of them that nobody can write to.

        While it exists the owner is neither released nor moved. Raises ``ValueError`` when it holds nothing.
        """
        with _viewing:
            self._cell[0] = 1  # from now on no stub takes it
            return self._view()

    def _view(self) -> Any:
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
        self._views = [*self._viewed(), weakref.ref(made)]
        if kind is not ctypes.c_uint8 or accepts_any_bytes(element, self._codecs.module):
            return made
        return (memoryview(made).cast("B") if count else memoryview(b"")).toreadonly()

    def release(self) -> None:
        """Releases it now; a second time does nothing. Raises ``BufferError`` while it is viewed, and a destructor's panic."""
        while self.alive:
            self.free()
            try:
                self._release(self.place)
                return
            except Refused:  # another thread has released it meanwhile, or views it
                continue

    def _viewed(self) -> list[weakref.ref[Any]]:
        return [view for view in self._views if view() is not None]

    def free(self) -> None:
        """Lets a stub take it. Raises ``BufferError`` while it is viewed."""
        with _viewing:
            if self._viewed():
                raise BufferError(f"this `{self.type}` is viewed, and can neither be released nor moved")
            self._cell[0] = 0

    def __len__(self) -> int:
        if not isinstance(self.type.target, ArrayType):
            raise TypeError(f"an `{self.type}` has no length")
        words = self.words()
        return words[1] if len(words) > 1 else self.type.target.dimensions[0] or 0

    def __enter__(self) -> Owned:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.release()
        except BufferError:
            if kind is None:  # else a frame of that exception may view it, and it is released with the view
                raise

    def __repr__(self) -> str:
        address = self._cell[1]
        return f"<{self.type} at {address:#x}>" if address else f"<{self.type}, released or moved>"


def _let_go(release: Release, cell: Any) -> None:
    cell[0] = 0  # a view keeps its owner, so there is none
    if cell[1]:
        release(ctypes.addressof(cell))


def taker(type: OwnType, where: Where, module: Module) -> Callable[[Any], int]:
    """What gives the place of an argument for a parameter ``own<T>`` of a module's function, from which a stub takes it."""

    def take(value: Any) -> int:
        if not isinstance(value, Owned):
            raise wrong(where, type, "an owner that a compiled function gave", value)
        if value.type.erased is not type.erased:
            raise TypeError(f"{spell(where)} has type `{type}`, and the owner has type `{value.type}`")
        check_same(type, module, value.module, where, "the owner was made")
        if not value.alive:
            raise ValueError(f"{spell(where)} takes an owner, and this `{type}` was released or moved")
        return value.place

    return take


def move(owners: Sequence[Owned]) -> None:
    """Prepares owners for a call that begins now. Raises ``ValueError`` and ``BufferError`` when not all can be moved."""
    if len({id(each) for each in owners}) < len(owners):
        raise ValueError("one owner is given twice, and can be moved once")
    for each in owners:
        each.words()
        each.free()


__all__ = ["Owned", "Release", "crosses", "move", "taker", "with_releases", "with_releases_for_c"]
