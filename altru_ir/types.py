"""The types of the IR, interned so that equality is identity.

Glossary, with the confusable nouns set apart:

- a **type** says what a value is; a **place** (``PlaceType``) is storage named by a path and is second class: it is the
  type of a projection's result and never of a parameter, a block argument or a field;
- a **pointer** (``PtrType``) is raw: it may be null, dangling or misaligned; a **reference** (``RefType``) is a borrow,
  valid for its region; an **owner** (``OwnType``) releases what it points to; ``gc`` and ``weak`` are traced;
- a **region** is a lifetime, written ``'a``; ``'_`` is "to be inferred", ``'static`` outlives all others;
- **dimensions** belong to sequences: ``[4 x 8 x T]`` has two, ``[? x T]`` has one that its pointer carries (*unsized*).

Example: ``RefType(ArrayType((None,), I32), mutable=True)`` prints as ``ref<mut [? x i32]>`` and is the same object
each time it is built.

Invariant: two types are equal exactly when they are the same object; ``type.text`` is their one spelling, and
``type.erased`` is the same type without its lifetimes (what elision leaves of it). Regions are compared by the borrow
checker alone: the structural verifier compares erased types.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import Any, ClassVar, TypeVar

STATIC = "'static"
INFERRED = "'_"

_interned: dict[tuple[Any, ...], Any] = {}
_called: dict[tuple[Any, ...], Any] = {}  # by the arguments as they were given
_lock = Lock()

_T = TypeVar("_T", bound="Type")


class _Interning(type):
    """Metaclass that returns the existing object for equal constructor arguments."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        given = (cls, args, *kwargs.items())
        try:
            return _called[given]
        except KeyError:
            _check_kinds(cls, args, kwargs)
        except TypeError:  # a list, which cannot be a key
            _check_kinds(cls, args, kwargs)
            raise
        made = super().__call__(*args, **kwargs)
        key = (cls, *(getattr(made, name) for name in made.fields))
        with _lock:
            known = _called[given] = _interned.setdefault(key, made)
        return known


class Type(metaclass=_Interning):
    """A type. Subclasses list their constructor arguments in ``fields``; those and the class are its identity."""

    __slots__ = ("__weakref__", "_erased", "text")
    fields: ClassVar[tuple[str, ...]] = ()

    # Facts about the class of a type, read by the constraints of operation declarations.
    is_integer: ClassVar[bool] = False
    is_float: ClassVar[bool] = False
    is_place: ClassVar[bool] = False
    is_sequence: ClassVar[bool] = False
    is_pointer: ClassVar[bool] = False  # anything `deref` accepts: ptr, ref, own, gc, guard
    is_unsized: bool = False

    text: str
    _erased: Type | None

    def __init__(self) -> None:
        self._erased = None
        self.text = self._spell()

    def _spell(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<type {self.text}>"

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return type(self), tuple(getattr(self, name) for name in self.fields)

    @property
    def erased(self) -> Type:
        """This type without lifetimes: regions are ``'_``, named types have no region arguments, functions bind none."""
        known = self._erased
        if known is None:
            known = self._erased = _erase(self)
        return known

    @property
    def pointee(self) -> Type | None:
        """What a pointer-like type points to; None for all others."""
        return None


def _all(kind: type | tuple[type, ...]) -> Callable[[Any], bool]:
    return lambda given: isinstance(given, tuple) and all(isinstance(each, kind) for each in given)


def _are_dimensions(given: Any) -> bool:
    known = _all(int)(given) and min(given, default=-1) >= 0
    return known or (_all(type(None))(given) and given != ())


_TRANSFER = re.compile(r"borrowed|transfer_full(?:\((?:heap|@.+)\))?", re.DOTALL)


def are_transfers(given: Any) -> bool:
    """Whether ``given`` is a tuple of what may be said of who owns a parameter, a result or a field's target, or None."""
    return _all((str, type(None)))(given) and all(each is None or _TRANSFER.fullmatch(each) for each in given)


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("target", "element", "result"), (lambda given: isinstance(given, Type), "a type")),
    **dict.fromkeys(("elements", "parameters"), (lambda given: _all(Type)(given), "a tuple of types")),
    **dict.fromkeys(("regions", "binder"), (_all(str), "a tuple of regions, as `'a`")),
    "region": (lambda given: given is None or isinstance(given, str), "a region, as `'a`"),
    "dimensions": (_are_dimensions, "a tuple of lengths, all known or all None"),
    "transfers": (are_transfers, "a tuple of `borrowed`, `transfer_full`, `transfer_full(@f)`, `transfer_full(heap)` and None"),
    "name": (lambda given: isinstance(given, str), "a text"),
    "release": (lambda given: given is None or isinstance(given, str), "the name of a function"),
    "abi": (lambda given: given in (None, "C"), 'None or "C"'),
}
"""What the arguments of types have to be, by their names."""


def _check_kinds(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises ``TypeError`` for an argument of which no type is made; a type that is there already was made of good ones."""
    for name, given in [*zip(cls.fields, args), *kwargs.items()]:
        wanted = _WANTED.get(name)
        if wanted is not None and not wanted[0](given):
            hint = f"; `parse_type({given!r})` is one" if isinstance(given, str) and wanted[1] == "a type" else ""
            raise TypeError(f"{cls.__name__}: {given!r} was given where {wanted[1]} is expected for `{name}`{hint}")
        widths = getattr(cls, "WIDTHS", ())
        if name == "bits" and given not in widths:
            raise TypeError(f"{cls.__name__}: there are widths of {', '.join(map(str, widths))} bits, not {given!r}")


def _map(value: Any, visit: Any) -> Any:
    if isinstance(value, Type):
        return visit(value)
    if isinstance(value, tuple):
        return tuple(_map(item, visit) for item in value)
    return value


def map_regions(of: Type, change: Any) -> Type:
    """Returns ``of`` with ``change(region)`` in place of every region in it that no function type inside it binds.

    Type terms are as deep as the front-end wrote them, so recursion here follows the text of one type, never a program.
    """

    def visit(each: Type, bound: frozenset[str]) -> Type:
        if isinstance(each, FunctionType) and each.binder:
            bound = bound.union(each.binder)
        arguments = []
        for name in each.fields:
            value = getattr(each, name)
            if name == "region":
                value = value if value is None or value in bound else change(value)
            elif name == "regions":
                value = tuple(region if region in bound else change(region) for region in value)
            else:
                value = _map(value, lambda inner: visit(inner, bound))
            arguments.append(value)
        return type(each)(*arguments) if arguments else each

    return visit(of, frozenset())


def _erase(of: Type) -> Type:
    # A name without region arguments and one with them are the same type with elision; so are `fn<for 'a>(ref<'a, T>)`,
    # `fn<for 'b>(ref<'b, T>)` and `fn(ref<T>)`.
    arguments = []
    for name in of.fields:
        value = getattr(of, name)
        if name == "region":
            value = None if value is None else INFERRED
        elif name in ("regions", "binder"):
            value = ()
        else:
            value = _map(value, lambda inner: inner.erased)
        arguments.append(value)
    return type(of)(*arguments) if arguments else of


_free_regions: dict[Type, frozenset[str]] = {}


def without_names(of: Type, names: tuple[str, ...], known: dict[str, str] | None = None) -> Type:
    """``of`` outside of what declares ``names``: they are to be inferred there, but for those that ``known`` gives."""
    if not names:
        return of
    given = known or {}
    return map_regions(of, lambda region: given.get(region, INFERRED) if region in names else region)


def free_regions(of: Type) -> frozenset[str]:
    """The regions named in ``of`` that somebody outside must declare: not ``'_``, ``'static``, nor what it binds itself."""
    known = _free_regions.get(of)
    if known is None:
        found: set[str] = set()

        def collect(region: str) -> str:
            found.add(region)
            return region

        map_regions(of, collect)
        known = _free_regions[of] = frozenset(found - {STATIC, INFERRED})
    return known


def parts(of: Type) -> tuple[Type, ...]:
    """The types written directly inside ``of``, left to right."""
    known = _parts.get(of)
    if known is not None:
        return known
    found: list[Type] = []

    def collect(value: Any) -> None:
        if isinstance(value, Type):
            found.append(value)
        elif isinstance(value, tuple):
            for item in value:
                collect(item)

    for name in of.fields:
        collect(getattr(of, name))
    known = _parts[of] = tuple(found)
    return known


_parts: dict[Type, tuple[Type, ...]] = {}


# -- scalars ------------------------------------------------------------------------------------------------------


class IntType(Type):
    """A signless integer of 1, 8, 16, 32, 64 or 128 bits; the operations carry the sign."""

    __slots__ = ("bits",)
    fields = ("bits",)
    is_integer = True
    WIDTHS: ClassVar[tuple[int, ...]] = (1, 8, 16, 32, 64, 128)

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__()

    def _spell(self) -> str:
        return f"i{self.bits}"


class UsizeType(Type):
    """An integer as wide as an address of the module's target."""

    __slots__ = ()
    is_integer = True

    def _spell(self) -> str:
        return "usize"


class FloatType(Type):
    """An IEEE 754 binary float of 32 or 64 bits."""

    __slots__ = ("bits",)
    fields = ("bits",)
    is_float = True
    WIDTHS: ClassVar[tuple[int, ...]] = (32, 64)

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__()

    def _spell(self) -> str:
        return f"f{self.bits}"


class UnitType(Type):
    """``()``: the type with one value and no bytes."""

    __slots__ = ()

    def _spell(self) -> str:
        return "()"


class ErrorType(Type):
    """The type of a value whose definition had an error; it satisfies everything, so that one mistake is told once."""

    __slots__ = ()
    is_integer = is_float = is_place = is_sequence = is_pointer = True

    def _spell(self) -> str:
        return "<error>"


# -- aggregates ---------------------------------------------------------------------------------------------------


class ArrayType(Type):
    """``[4 x T]``, ``[4 x 8 x T]`` (row-major) and, with ``None`` for a dimension its pointer carries, ``[? x T]``."""

    __slots__ = ("dimensions", "element", "is_unsized")
    fields = ("dimensions", "element")
    is_sequence = True

    def __init__(self, dimensions: tuple[int | None, ...], element: Type) -> None:
        self.dimensions = dimensions
        self.element = element
        self.is_unsized = None in dimensions
        super().__init__()

    def _spell(self) -> str:
        return "[" + " x ".join("?" if d is None else str(d) for d in self.dimensions) + f" x {self.element}]"


class NamedType(Type):
    """``@S<'a>``: a struct, enum or union, by the name of its declaration in the module."""

    __slots__ = ("name", "regions")
    fields = ("name", "regions")

    def __init__(self, name: str, regions: tuple[str, ...] = ()) -> None:
        self.name = name
        self.regions = regions
        super().__init__()

    def _spell(self) -> str:
        arguments = f"<{', '.join(self.regions)}>" if self.regions else ""
        return f"@{spell_name(self.name)}{arguments}"


class TupleType(Type):
    """``(T, U)``; one element is written ``(T,)``."""

    __slots__ = ("elements",)
    fields = ("elements",)

    def __init__(self, elements: tuple[Type, ...]) -> None:
        self.elements = elements
        super().__init__()

    def _spell(self) -> str:
        inner = ", ".join(str(e) for e in self.elements)
        return f"({inner},)" if len(self.elements) == 1 else f"({inner})"


class FunctionType(Type):
    """``fn<for 'a>(T, ...) -> R`` with its ABI and marks; ``transfers`` has one entry per parameter and one for the result.

    A transfer is None (unknown for an extern function, by value otherwise), ``"borrowed"``, ``"transfer_full"`` or
    ``"transfer_full(F)"`` with F a release function ``@f`` or ``heap``.
    """

    __slots__ = ("abi", "binder", "nounwind", "parameters", "result", "transfers", "unsafe", "variadic")
    fields = ("binder", "parameters", "result", "transfers", "abi", "variadic", "unsafe", "nounwind")

    def __init__(
        self,
        binder: tuple[str, ...],
        parameters: tuple[Type, ...],
        result: Type,
        transfers: tuple[str | None, ...] = (),
        abi: str | None = None,
        variadic: bool = False,
        unsafe: bool = False,
        nounwind: bool = False,
    ) -> None:
        self.binder = binder
        self.parameters = parameters
        self.result = result
        self.transfers = transfers or (None,) * (len(parameters) + 1)
        self.abi = abi
        self.variadic = variadic
        self.unsafe = unsafe
        self.nounwind = nounwind
        super().__init__()

    def _spell(self) -> str:
        binder = f"<for {', '.join(self.binder)}>" if self.binder else ""
        shown = [spell_transferred(t, how) for t, how in zip(self.parameters, self.transfers, strict=False)]
        if self.variadic:
            shown.append("...")
        text = f"fn{binder}({', '.join(shown)})"
        if self.abi is not None:
            text = f'extern "{self.abi}" {text}'
        return text + spell_result(self)


def spell_transferred(of: Type, how: str | None) -> str:
    """``T`` or ``T borrowed`` or ``T transfer_full(@free)``; of a function ``(fn() -> T) borrowed``, for without the
    parentheses it would be the ``T`` that is borrowed."""
    if how is None:
        return str(of)
    return f"({of}) {how}" if of.__class__ is FunctionType else f"{of} {how}"


def spell_result(of: FunctionType) -> str:
    """What stands behind the parameters: `` -> T unsafe nounwind``, or a part of that; in parentheses a ``T`` that is a
    function and would take the marks for its own."""
    marks = (" unsafe" if of.unsafe else "") + (" nounwind" if of.nounwind else "")
    how = of.transfers[-1]
    if of.result is UNIT and how is None:
        return marks
    if marks and how is None and of.result.__class__ is FunctionType:
        return f" -> ({of.result}){marks}"
    return f" -> {spell_transferred(of.result, how)}{marks}"


# -- pointers -----------------------------------------------------------------------------------------------------


class PtrType(Type):
    """``ptr<T>``, ``ptr<mut T>``: a raw pointer."""

    __slots__ = ("mutable", "target")
    fields = ("target", "mutable")
    is_pointer = True

    def __init__(self, target: Type, mutable: bool = False) -> None:
        self.target = target
        self.mutable = mutable
        super().__init__()

    def _spell(self) -> str:
        return f"ptr<{'mut ' if self.mutable else ''}{self.target}>"

    @property
    def pointee(self) -> Type:
        return self.target


class RefType(Type):
    """``ref<'a, T>``, ``ref<'a, mut T>``: a borrow, live for its region."""

    __slots__ = ("mutable", "region", "target")
    fields = ("target", "mutable", "region")
    is_pointer = True

    def __init__(self, target: Type, mutable: bool = False, region: str = INFERRED) -> None:
        self.target = target
        self.mutable = mutable
        self.region = region
        super().__init__()

    def _spell(self) -> str:
        region = "" if self.region == INFERRED else f"{self.region}, "
        return f"ref<{region}{'mut ' if self.mutable else ''}{self.target}>"

    @property
    def pointee(self) -> Type:
        return self.target


class OwnType(Type):
    """The four forms of a unique owner.

    ``own<T>``: the heap. ``own<'h, T>``: an arena or a stack frame. ``own<'p, T, pool>``: a slot of a pool.
    ``own<T, c(@release)>``: foreign memory with the function that releases it.
    """

    __slots__ = ("pool", "region", "release", "target")
    fields = ("target", "region", "pool", "release")
    is_pointer = True

    def __init__(self, target: Type, region: str | None = None, pool: bool = False, release: str | None = None) -> None:
        self.target = target
        self.region = region
        self.pool = pool
        self.release = release
        super().__init__()

    def _spell(self) -> str:
        region = "" if self.region is None else f"{self.region}, "
        home = ", pool" if self.pool else "" if self.release is None else f", c(@{spell_name(self.release)})"
        return f"own<{region}{self.target}{home}>"

    @property
    def pointee(self) -> Type:
        return self.target


class _OneOf(Type):
    """A type constructor with one argument: ``keyword<T>``."""

    __slots__ = ("target",)
    fields = ("target",)
    keyword: ClassVar[str] = ""

    def __init__(self, target: Type) -> None:
        self.target = target
        super().__init__()

    def _spell(self) -> str:
        return f"{self.keyword}<{self.target}>"


class GcType(_OneOf):
    """``gc<T>``: a reference traced by the collector."""

    __slots__ = ()
    keyword = "gc"
    is_pointer = True

    @property
    def pointee(self) -> Type:
        return self.target


class WeakType(_OneOf):
    """``weak<T>``: a traced reference that keeps nothing alive; ``weak.upgrade`` gives a ``gc<T>`` back."""

    __slots__ = ()
    keyword = "weak"


# -- storage, resources, markers ------------------------------------------------------------------------------------


class UninitType(_OneOf):
    """``uninit<T>``: storage for a ``T`` that holds none; never dropped, not loadable."""

    __slots__ = ("is_unsized",)
    keyword = "uninit"

    def __init__(self, target: Type) -> None:
        self.is_unsized = target.is_unsized
        super().__init__(target)


class PhantomType(_OneOf):
    """``phantom<T>``: no bytes; for drop check, variance and send it counts as a ``T``."""

    __slots__ = ()
    keyword = "phantom"


class CellType(_OneOf):
    """``cell<T>``: interior mutability within one thread."""

    __slots__ = ()
    keyword = "cell"


class AtomicType(_OneOf):
    """``atomic<T>``: interior mutability across threads, for scalars and raw pointers."""

    __slots__ = ()
    keyword = "atomic"


class MutexType(_OneOf):
    """``mutex<T>``: a ``T`` that one thread at a time may borrow."""

    __slots__ = ()
    keyword = "mutex"


class PoolType(_OneOf):
    """``pool<T>``: fixed-size slots for ``T``."""

    __slots__ = ()
    keyword = "pool"


class PoolHandleType(_OneOf):
    """``pool.handle<T>``: an index and a generation into a pool that keeps the object."""

    __slots__ = ()
    keyword = "pool.handle"


class ThreadType(_OneOf):
    """``thread<T>``: a running thread that will give a ``T``."""

    __slots__ = ()
    keyword = "thread"


class ArenaType(Type):
    """``arena``: a bump allocator that frees everything at once."""

    __slots__ = ()

    def _spell(self) -> str:
        return "arena"


class GuardType(Type):
    """``guard<'m, T>``: a locked mutex; dropping it unlocks."""

    __slots__ = ("region", "target")
    fields = ("target", "region")
    is_pointer = True

    def __init__(self, target: Type, region: str = INFERRED) -> None:
        self.target = target
        self.region = region
        super().__init__()

    def _spell(self) -> str:
        return f"guard<{self.region}, {self.target}>"

    @property
    def pointee(self) -> Type:
        return self.target


class _OverRegion(Type):
    """A resource whose only argument is a region: ``keyword<'a>``."""

    __slots__ = ("region",)
    fields = ("region",)
    keyword: ClassVar[str] = ""

    def __init__(self, region: str = INFERRED) -> None:
        self.region = region
        super().__init__()

    def _spell(self) -> str:
        return f"{self.keyword}<{self.region}>"


class ThreadScopeType(_OverRegion):
    """``thread_scope<'s>``: threads that are joined when it ends."""

    __slots__ = ()
    keyword = "thread_scope"


class PinType(_OverRegion):
    """``pin<'a>``: a registration of foreign memory with the collector; dropping it unregisters."""

    __slots__ = ()
    keyword = "pin"


class DynType(Type):
    """``dyn<'a, send, ...>``: a value whose type is erased; its pointer carries a type descriptor."""

    __slots__ = ("marks", "region")
    fields = ("region", "marks")
    is_unsized = True
    MARKS: ClassVar[tuple[str, ...]] = ("send", "share", "gc")

    def __init__(self, region: str = INFERRED, marks: tuple[str, ...] = ()) -> None:
        self.region = region
        self.marks = tuple(mark for mark in self.MARKS if mark in marks)
        super().__init__()

    def _spell(self) -> str:
        return f"dyn<{', '.join((self.region, *self.marks))}>"


class PlaceType(Type):
    """Storage for a ``T`` named by a path; ``mutable`` says whether the path may be written through."""

    __slots__ = ("mutable", "target")
    fields = ("target", "mutable")
    is_place = True

    def __init__(self, target: Type, mutable: bool = True) -> None:
        self.target = target
        self.mutable = mutable
        super().__init__()

    def _spell(self) -> str:
        return f"place<{'mut ' if self.mutable else ''}{self.target}>"


# -- names --------------------------------------------------------------------------------------------------------

_plain_names: dict[str, str] = {}


def spell_name(name: str) -> str:
    """The spelling of a name in text: as it is when it is a word of letters, digits, ``_ . $``, quoted otherwise.

    Raises ``TypeError`` for what is no text.
    """
    known = _plain_names.get(name)
    if known is None:
        if not isinstance(name, str):
            raise TypeError(f"a name is a text, not {name!r}")
        if name and all(c.isalnum() or c in "_.$" for c in name):
            known = name
        else:
            known = spell_string(name)
        _plain_names[name] = known
    return known


_WORD = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


def spell_word(name: str) -> str:
    """The spelling of a name that no sigil precedes (a field, a variant, an attribute): quoted unless it is a word.

    Raises ``TypeError`` for what is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"a name is a text, not {name!r}")
    return name if _WORD.fullmatch(name) else spell_string(name)


def spell_string(text: str) -> str:
    """A string literal with the escapes of the text format; text that is not printable ASCII is kept as UTF-8."""
    out = ['"']
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif c == "\n":
            out.append("\\n")
        elif c == "\t":
            out.append("\\t")
        elif c == "\r":
            out.append("\\r")
        elif ord(c) < 0x20 or ord(c) == 0x7F:
            out.append(f"\\x{ord(c):02x}")
        elif not c.isprintable():
            out.append(f"\\u{{{ord(c):x}}}")
        else:
            out.append(c)
    out.append('"')
    return "".join(out)


I1, I8, I16, I32, I64, I128 = (IntType(bits) for bits in IntType.WIDTHS)
USIZE = UsizeType()
F32, F64 = FloatType(32), FloatType(64)
UNIT = UnitType()
ERROR = ErrorType()
ARENA = ArenaType()

SCALARS: dict[str, Type] = {str(t): t for t in (I1, I8, I16, I32, I64, I128, USIZE, F32, F64, ARENA)}
CONSTRUCTORS: dict[str, type[_OneOf]] = {
    c.keyword: c
    for c in (
        GcType, WeakType, UninitType, PhantomType, CellType, AtomicType, MutexType, PoolType, PoolHandleType, ThreadType,
    )
}  # fmt: skip
REGION_CONSTRUCTORS: dict[str, type[_OverRegion]] = {c.keyword: c for c in (ThreadScopeType, PinType)}
