"""Memory of the host as slices and references, without a copy (PEP 3118, so NumPy is welcome and not needed).

For the time of a call there is a ``memoryview`` of it, which holds it: nobody can free or resize it meanwhile. What is
borrowed is checked against the parameter's type first: elements, dimensions, contiguity, alignment, whether it may be
written. Sequences (lists, tuples, `str` for slices of `i8`) are copied for the call (``copies.py``); what an exclusive slice
stores into the copy of a list is written back.

Example: ``taker.take(numpy_array, loan)`` gives the address and the lengths; ``loan.end()`` gives everything back.

Invariant: memory that compiled code is given is held by the call's ``Loan``, and is that of a value of the parameter's type.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import attrs

from altru_ir.backend.host.copies import flattened, write_back, write_elements
from altru_ir.backend.host.formats import accepts_any_bytes, bools_in, describe, matches, wrong_bool
from altru_ir.backend.host.loans import Loan, holds_owner
from altru_ir.backend.host.same_types import check_same
from altru_ir.backend.host.values import Codec, Codecs, NoCodec, Where, spell, wrong
from altru_ir.layout import layout_of
from altru_ir.module import Module
from altru_ir.types import ArrayType, RefType, Type

_read = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyObject_AsReadBuffer", ctypes.pythonapi)
)


def address_of(view: memoryview) -> int:
    """Where the memory of a contiguous view begins."""
    found = (ctypes.c_size_t * 2)()
    place = ctypes.addressof(found)
    _read(view, place, place + 8)
    return found[0]


def borrowed(value: Any, where: Where) -> memoryview | None:
    """A view of the memory of ``value``; None when it has none to show. Raises ``ValueError`` when it refuses."""
    try:
        return memoryview(value)
    except TypeError as error:
        if was_raised_in_python(error):
            raise
        return None
    except (BufferError, ValueError) as error:
        if was_raised_in_python(error):
            raise
        raise ValueError(f"{spell(where)} cannot be borrowed: {error}") from None


def was_raised_in_python(error: BaseException) -> bool:
    """Whether an error comes from further in than where it was caught: a signal handler, a ``__buffer__``."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is not None


def _is_contiguous(view: memoryview) -> bool:
    return not view.nbytes or view.c_contiguous


@attrs.define(eq=False)
class ElementCheck:
    """Whether buffers have elements of a type; what was found about a format is remembered. A format says nothing of the
    bytes, and of a bool's only two are values, which compiled code takes for granted: ``bools`` says where they are."""

    type: Type
    module: Module
    known: dict[tuple[str, int], bool] = attrs.Factory(dict)
    bools: list[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bools = bools_in(self.type, self.module)

    def holds(self, view: memoryview) -> bool:
        """Whether the elements of the buffer are values of the type."""
        key = (view.format, view.itemsize)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = matches(*key, self.type, self.module)
        return known

    def values(self, start: int, size: int, where: Where) -> None:
        """Raises ``ValueError`` when memory of the right format holds a bool that is none."""
        if self.bools:
            element = layout_of(self.type, self.module).size
            wrong = wrong_bool(ctypes.string_at(start, size), self.bools, element)
            if wrong is not None:
                what = spell(where) if size == element else spell((f"element {wrong}", where))
                raise ValueError(f"{what} has a bool that is neither 0 nor 1")


class SliceTaker:
    """Takes arguments for a parameter ``ref<[? x T]>``, ``ref<mut [? x ? x T]>``.

    ``alone`` says that nothing else that the function borrows can be in conflict with it.
    """

    def __init__(self, type: RefType, codecs: Codecs, where: Where, *, alone: bool) -> None:
        assert isinstance(type.target, ArrayType)
        self.type = type
        self.where = where
        self.mutable = type.mutable
        self.element = type.target.element
        self.dimensions = type.target.dimensions
        self.codec: Codec = codecs.of(self.element)
        self.check = ElementCheck(self.element, codecs.module)
        self.align = layout_of(self.element, codecs.module).align
        self.module = codecs.module
        self.alone = alone
        self.usual = len(self.dimensions) == 1 and not self.check.bools

    def take(self, value: Any, loan: Loan) -> Sequence[int]:
        """The address and the lengths. Raises ``TypeError`` and ``ValueError``."""
        kind = type(value)
        if kind is list or kind is tuple or kind is str:
            return self._copy(value, loan)
        if self.usual:
            # One row, contiguous: that takes few questions. Whatever the answer, the other way knows what is wrong.
            try:
                view = memoryview(value)
            except (TypeError, BufferError, ValueError) as error:
                if was_raised_in_python(error):
                    raise
                return self._examine(value, loan)
            loan.views.append(view)
            if self.check.known.get((view.format, view.itemsize)) and view.ndim == 1 and view.c_contiguous:
                start, size = address_of(view), view.nbytes
                if start and not start % self.align and not (view.readonly and self.mutable):
                    if not self.alone:
                        loan.claim(start, size, self.mutable, self.where)
                    return start, size // view.itemsize
        return self._examine(value, loan)

    def _examine(self, value: Any, loan: Loan) -> Sequence[int]:
        """The same, one question after the other."""
        where = self.where
        if holds_owner(value) and value.type.target.erased is self.type.target.erased:
            return self._owner(value, loan)
        value = loan.viewed(value)
        view = borrowed(value, where)
        if view is None:
            return self._copy(value, loan)
        loan.views.append(view)
        if not self.check.holds(view):
            wanted = describe(self.element, self.module)
            raise TypeError(
                f"{spell(where)} has type `{self.type}` and takes a buffer of {wanted}, not of format {view.format!r} "
                f"with {view.itemsize} bytes ({type(value).__name__})"
            )
        if view.ndim != len(self.dimensions):
            count = len(self.dimensions)
            raise TypeError(
                f"{spell(where)} has type `{self.type}` and takes {count} dimension{'s' * (count != 1)}, not {view.ndim} "
                f"({type(value).__name__})"
            )
        if self.mutable and view.readonly:
            raise ValueError(
                f"{spell(where)} has type `{self.type}`, which is written to, and the {type(value).__name__} is read-only"
            )
        if not _is_contiguous(view):
            raise ValueError(
                f"{spell(where)} has type `{self.type}`, whose elements lie side by side in row-major order, and those of the "
                f"{type(value).__name__} do not; pass a contiguous copy"
            )
        lengths = list(view.shape or ())
        for axis, (length, fixed) in enumerate(zip(lengths, self.dimensions)):
            if fixed is not None and length != fixed:
                raise ValueError(
                    f"{spell(where)} has type `{self.type}`, and dimension {axis} has length {length}, not {fixed}"
                )
        start = address_of(view) if view.nbytes else self.align  # a reference is never null and always aligned
        if start % self.align:
            raise ValueError(
                f"{spell(where)} has type `{self.type}`, whose elements are aligned to {self.align} bytes, and those of "
                f"the {type(value).__name__} are not; pass an aligned copy"
            )
        self.check.values(start, view.nbytes, where)
        if not self.alone:
            loan.claim(start, view.nbytes, self.mutable, where)
        return [start, *lengths]

    def _owner(self, value: Any, loan: Loan) -> Sequence[int]:
        """What an owner owns, which stays there until the end of the call."""
        check_same(self.type, self.module, value.module, self.where, "the owner was made")
        loan.viewed(value)
        start, *lengths = value.words()
        size = prod(lengths) * self.codec.size
        self.check.values(start, size, self.where)
        if not self.alone:
            loan.claim(start, size, self.mutable, self.where)
        return [start, *lengths]

    def _copy(self, value: Any, loan: Loan) -> Sequence[int]:
        where, codec = self.where, self.codec
        if isinstance(value, str) and codec.code == "b" and len(self.dimensions) == 1 and not self.mutable:
            value = value.encode()  # UnicodeEncodeError is a ValueError and says where
            scratch = loan.scratch(len(value), 1)
            scratch.memory[:] = value
            return [scratch.address, len(value)]
        takes = "a writable buffer or a list" if self.mutable else "a buffer, a list or a tuple"
        if isinstance(value, (str, Mapping)) or (self.mutable and not isinstance(value, list)):
            raise wrong(where, self.type, takes, value)
        if not hasattr(value, "__len__") or not hasattr(value, "__getitem__"):
            raise wrong(where, self.type, takes, value)
        lengths, flat, rows = flattened(value, len(self.dimensions), self.type, where)
        scratch = loan.scratch(len(flat) * codec.size, max(codec.align, 1))
        write_elements(scratch.memory, flat, codec, where)
        if self.mutable:
            loan.after(lambda: write_back(rows, lengths[-1], scratch.memory, codec))
        return [scratch.address, *lengths]


class ReferenceTaker:
    """Takes arguments for a parameter ``ref<T>`` or ``ref<mut T>`` of a type with a size."""

    def __init__(self, type: RefType, codecs: Codecs, where: Where) -> None:
        self.type = type
        self.where = where
        self.mutable = type.mutable
        self.module = codecs.module
        self.layout = layout_of(type.target, codecs.module)
        self.check = ElementCheck(type.target, codecs.module)
        self.raw = accepts_any_bytes(type.target, codecs.module)
        self.leaf = type.target
        while isinstance(self.leaf, ArrayType):
            self.leaf = self.leaf.element
        self.leaf_check = ElementCheck(self.leaf, codecs.module)
        try:
            self.codec: Codec | None = codecs.of(type.target)
        except NoCodec:
            self.codec = None

    def take(self, value: Any, loan: Loan) -> int:
        """The address. Raises ``TypeError`` and ``ValueError``."""
        where = self.where
        plain = isinstance(value, (int, float, str, tuple, list, dict))
        if not plain and holds_owner(value):
            return self._owner(value, loan)
        if self.codec is None and not self.raw:
            raise wrong(where, self.type, "an owner that a compiled function gave", value)
        view = None if plain else borrowed(value, where)
        if view is not None:
            loan.views.append(view)
            if self._fits(view):
                return self._borrow(view, value, loan)
        if self.mutable or self.codec is None:
            raise wrong(
                where, self.type, f"a writable buffer of {self.layout.size} bytes that holds `{self.type.target}`", value
            )
        scratch = loan.scratch(self.layout.size, self.layout.align)
        self.codec.write(scratch.memory, 0, value, where)
        return scratch.address

    def _owner(self, value: Any, loan: Loan) -> int:
        """The address of what an owner owns, which stays there until the end of the call."""
        if value.type.target.erased is not self.type.target.erased:
            raise TypeError(f"{spell(self.where)} has type `{self.type}`, and the owner has type `{value.type}`")
        check_same(self.type, self.module, value.module, self.where, "the owner was made")
        loan.viewed(value)
        loan.claim(value.address, self.layout.size, self.mutable, self.where)
        return int(value.address)

    def _fits(self, view: memoryview) -> bool:
        if view.nbytes != self.layout.size:
            return False
        one = view.nbytes == view.itemsize
        return (
            (one and self.check.holds(view))
            or self.leaf_check.holds(view)
            or (self.raw and view.itemsize == 1 and view.format in ("B", "b", "c", "<B", "<b"))
        )

    def _borrow(self, view: memoryview, value: Any, loan: Loan) -> int:
        kind = type(value).__name__
        if self.mutable and view.readonly:
            raise ValueError(f"{spell(self.where)} has type `{self.type}`, which is written to, and the {kind} is read-only")
        if not _is_contiguous(view):
            raise ValueError(f"{spell(self.where)} has type `{self.type}`, and the memory of the {kind} has gaps; pass a copy")
        start = address_of(view) if view.nbytes else self.layout.align
        if start % self.layout.align:
            raise ValueError(
                f"{spell(self.where)} has type `{self.type}`, aligned to {self.layout.align} bytes, and the {kind} is not"
            )
        self.check.values(start, view.nbytes, self.where)
        loan.claim(start, view.nbytes, self.mutable, self.where)
        return start


__all__ = ["ElementCheck", "ReferenceTaker", "SliceTaker", "address_of", "borrowed"]
