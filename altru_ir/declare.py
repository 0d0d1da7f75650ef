'''What an operation is: the one declaration from which parser, printer, verifier, builder method and docs follow.

A declaration is a class: its docstring is the reference page, its fields say what the operation takes and gives, and its
format string says how it is written. A front-end's own operation is declared the same way as ours:

    @operation("toy.clamp", "$value, $low, $high", traits=(PURE,))
    class Clamp:
        """``value`` limited to ``low`` ... ``high``.

        Example: ``%r = toy.clamp %x, %zero, %limit``
        """
        value = Operand(INTEGER)
        low = Operand(same_as="value")
        high = Operand(same_as="value")
        result = Result(same_as="value")

Format strings: ``$name`` is the element of that name; other words and punctuation stand for themselves; ``[ ... ]`` is an
optional group, present when its first word or element is. After the format every operation may have ``{attributes}``,
``unsafe``, ``: type`` and ``loc(...)``; no operation has parser code of its own.

An operation declares its effects exactly as a function does: each operand has an ``access`` (what happens to what it
names), each result an ``origin``, the operation a set of traits.

Invariants: an optional operand is present when its ``flag`` is, and at most one more operand of a declaration varies in
number (optional or variadic), so operands are found by position; ``problems`` is the definition of "well typed", and
``holds`` is its generated fast path: ``holds`` is true only where ``problems`` is empty (tests/ops/test_declarations.py
compares the two).
'''

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir import types as _types
from altru_ir.types import ERROR, Type
from altru_ir.values import Operation, Symbol, Value

if TYPE_CHECKING:
    from altru_ir.module import Module

# -- constraints on types ---------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Constraint:
    """A set of types: ``name`` for people, ``test`` a Python expression over ``t`` and the names of ``altru_ir.types``."""

    name: str
    test: str
    _compiled: list[Callable[[Type], bool]] = attrs.field(factory=list, repr=False)

    def accepts(self, type: Type) -> bool:
        """Whether ``type`` is in the set."""
        if not self._compiled:
            self._compiled.append(eval(f"lambda t: {self.test}", dict(vars(_types))))
        return bool(self._compiled[0](type))

    def __or__(self, other: Constraint) -> Constraint:
        return Constraint(f"{self.name} or {other.name}", f"({self.test} or {other.test})")


def exactly(type: Type) -> Constraint:
    """The set of one scalar type."""
    name = next(name for name, value in vars(_types).items() if value is type)
    return Constraint(f"`{type}`", f"t is {name}")


ANY = Constraint("a value", "not t.is_place and not t.is_unsized")
INTEGER = Constraint("an integer", "t.is_integer")
FLOAT = Constraint("a float", "t.is_float")
NUMBER = Constraint("a number", "(t.is_integer or t.is_float)")
BOOL = Constraint("`i1`", "t is I1")
USIZE = Constraint("`usize`", "t is USIZE")
POINTER = Constraint("a pointer", "t.is_pointer")
RAW = Constraint("a raw pointer", "t.__class__ is PtrType")
RAW_MUT = Constraint("a mutable raw pointer", "t.__class__ is PtrType and t.mutable")
REFERENCE = Constraint("a reference", "t.__class__ is RefType")
OWNER = Constraint("an owner", "t.__class__ is OwnType")
PLACE = Constraint("a place", "t.is_place")
ENUM_PLACE = Constraint("a place of an enum", "t.is_place and t.target.__class__ is NamedType")
MUTABLE_PLACE = Constraint("a mutable place", "t.is_place and t.mutable")
SEQUENCE_PLACE = Constraint("a place of an array or slice", "t.is_place and t.target.is_sequence")
CONDITION = BOOL

# -- what an operand's use does, where a result comes from ---------------------------------------------------------------

CONSUME, READ, WRITE, INIT, EXCHANGE, BORROW, END, ESCAPE, PATH = (
    "consume", "read", "write", "init", "exchange", "borrow", "end", "escape", "path",
)  # fmt: skip
"""Accesses. A value operand is consumed (moved, or copied when its type copies) unless it says otherwise.

For a place the access says what happens to the storage and what it holds before and after: ``read`` and ``borrow`` want it
initialized and leave it so, ``consume`` wants it initialized and leaves nothing, ``init`` wants nothing and leaves it
initialized, ``write`` drops whatever is there and leaves it initialized, ``exchange`` wants and leaves it initialized,
``end`` drops whatever is there and the storage is dead. ``path`` only extends a path. Of a pointer that is read the
operation may read, with ``borrow`` it may lend, and with ``escape`` it may keep what it points to."""

FRESH = "fresh"
"""Origin of a result that points into nothing older. Any other origin is the name of an operand."""

# -- traits -----------------------------------------------------------------------------------------------------------

TERMINATOR = "terminator"  # ends a block
PURE = "pure"  # no effect: may be removed when unused, merged with an equal one, moved where it is dominated
COMMUTATIVE = "commutative"  # the first two operands may be exchanged
PROJECTION = "projection"  # gives a place and accesses nothing
MAY_PANIC = "may_panic"  # has the block's unwind edge
SAFEPOINT = "safepoint"  # the collector may run
MAY_FREE = "may_free"  # memory reachable from its operands may be released
SYNC = "sync"  # orders memory between threads
NEEDS_UNSAFE = "needs_unsafe"  # must carry the `unsafe` marker
SOMETIMES_UNSAFE = "sometimes_unsafe"  # must carry it for some operands; its own rule says which
CONSTANT = "constant"  # its result is its `value` attribute
CHECK = "check"  # panics unless its condition holds; gives nothing
REMOVABLE = "removable"  # no effect but its results (it may read, or be undefined for some operands): goes when they are unused
FRAME = "frame"  # takes storage from the frame of the activation each time it runs
DROPS = "drops"  # panics, frees and is a safepoint only through the destructors of what it takes or overwrites

TRAITS = frozenset(
    {
        TERMINATOR,
        PURE,
        COMMUTATIVE,
        PROJECTION,
        MAY_PANIC,
        SAFEPOINT,
        MAY_FREE,
        SYNC,
        NEEDS_UNSAFE,
        SOMETIMES_UNSAFE,
        CONSTANT,
        CHECK,
        REMOVABLE,
        FRAME,
        DROPS,
    }
)


MAX_ALIGNMENT = 1 << 28


def alignment_problem(value: object) -> str | None:
    """Why ``value`` is no alignment in bytes; None when it is one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ALIGNMENT and value & (value - 1) == 0:
        return None
    return f"an alignment is a power of two from 1 to {MAX_ALIGNMENT}, not `{value}`"


class InferenceError(Exception):
    """Raised by an ``infer`` function when the operands admit no result type; the message becomes the diagnostic."""


# -- elements ---------------------------------------------------------------------------------------------------------


class Element:
    """Something a format string can name. ``name`` is set by the declaration."""

    name: str = ""
    keyword: str = ""  # for a flag: the word that stands for it


@attrs.define(eq=False)
class Operand(Element):
    """A value operand.

    ``constraint`` or ``same_as`` (the name of another operand whose type it shares) limits its type. ``access`` is one of the
    accesses above. ``flag`` names the ``Flag`` in front of an optional operand, which says whether it is there.
    """

    constraint: Constraint = ANY
    same_as: str | None = None
    access: str = CONSUME
    optional: bool = False
    variadic: bool = False
    flag: str | None = None
    doc: str = ""


@attrs.define(eq=False)
class WordOf(Element):
    """One word of a closed set, kept as an attribute."""

    choices: tuple[str, ...]


@attrs.define(eq=False)
class Name(Element):
    """A name that is no symbol (a field, a variant), kept as an attribute."""


@attrs.define(eq=False)
class Flag(Element):
    """A word that is there or not, kept as a true attribute."""

    word: str


@attrs.define(eq=False)
class Literal(Element):
    """A literal: an integer, float, string, or bracketed list of literals."""

    optional: bool = False


@attrs.define(eq=False)
class SymbolOf(Element):
    """``@name`` of a ``function``, ``global`` or ``type``."""

    kind: str


@attrs.define(eq=False)
class TypeOf(Element):
    """A type written as an operand, kept as an attribute."""


@attrs.define(eq=False)
class Callee(Element):
    """``@f(args)`` (the symbol is an attribute, the operands are the arguments) or ``%f(args)`` (the first is the function)."""


@attrs.define(eq=False)
class Target(Element):
    """A successor ``^block(args)``. ``forwards`` computes the types of the leading arguments that the terminator gives."""

    forwards: Callable[[Operation, Module], list[Type]] | None = None


@attrs.define(eq=False)
class Cases(Element):
    """``case ^block, case ^block, ...``: successors behind literals (``names`` false) or names, and a last one without
    a case where ``default`` allows it."""

    names: bool = False
    default: bool = True
    forwards: Callable[[Operation, Any, Module], list[Type]] | None = None


@attrs.define(eq=False)
class Option(Element):
    """An attribute in braces: ``int`` for ``{name = 8}``, ``str`` for a string, ``bool`` for a bare word."""

    type: type
    doc: str = ""
    choices: tuple[Any, ...] = ()


@attrs.define(eq=False)
class Result(Element):
    """A result.

    Exactly one of: ``type`` (fixed), ``same_as`` (an operand's), ``infer`` (``(op, module) -> Type``, raises
    ``InferenceError``), or ``written`` (a constraint on the type that stands after the colon; ``place`` wraps it in a
    mutable place). ``optional`` results are absent when ``infer`` gives the unit type. A ``spread`` result stands for as
    many as ``infer_all`` gives types; it is the only one of its operation.
    """

    type: Type | None = None
    same_as: str | None = None
    infer: Callable[[Operation, Module], Type] | None = None
    written: Constraint | None = None
    place: bool = False
    optional: bool = False
    origin: str = FRESH
    infer_all: Callable[[Operation, Module], list[Type]] | None = None

    @property
    def spread(self) -> bool:
        return self.infer_all is not None


# -- format strings ----------------------------------------------------------------------------------------------------

_FORMAT_TOKEN = re.compile(r"\$[a-z_]+|[A-Za-z_]+|[\[\],]")


@attrs.frozen(eq=False)
class Item:
    """One step of a format: an ``element``, or a ``text`` that stands for itself, or a ``group`` that may be absent."""

    element: Element | None = None
    text: str = ""
    group: tuple[Item, ...] = ()


def _parse_format(format: str, elements: dict[str, Element]) -> tuple[Item, ...]:
    tokens = _FORMAT_TOKEN.findall(format)
    stack: list[list[Item]] = [[]]
    for token in tokens:
        if token == "[":
            stack.append([])
        elif token == "]":
            if len(stack) == 1:
                raise TypeError(f"format {format!r} closes a `[` that there is not")
            group = tuple(stack.pop())
            stack[-1].append(Item(group=group))
        elif token[0] == "$":
            if token[1:] not in elements:
                raise TypeError(f"format {format!r} names {token}, which the declaration does not have")
            stack[-1].append(Item(element=elements[token[1:]]))
        else:
            stack[-1].append(Item(text=token))
    if len(stack) != 1:
        raise TypeError(f"format {format!r} has an unclosed `[`")
    return tuple(stack[0])


# -- declarations -------------------------------------------------------------------------------------------------------


class Declaration:
    """A declared operation; see the module's docstring. Made by ``operation``."""

    def __init__(
        self,
        name: str,
        format: str,
        elements: dict[str, Element],
        traits: tuple[str, ...],
        doc: str,
        verify: Callable[[Operation, Module], Iterator[tuple[str, str]]] | None,
        rule: str,
        declared_in: str,
    ) -> None:
        unknown = set(traits) - TRAITS
        if unknown:
            raise TypeError(f"operation `{name}` has unknown traits {sorted(unknown)}")
        self.name = name
        self.format = format
        self.traits = frozenset(traits)
        self.doc = doc
        self.verify_extra = verify
        self.rule = rule
        self.declared_in = declared_in
        for key, element in elements.items():
            element.name = key
        self.elements = elements
        self.operands = [e for e in elements.values() if isinstance(e, Operand)]
        self.results = [e for e in elements.values() if isinstance(e, Result)]
        self.options = {e.name: e for e in elements.values() if isinstance(e, Option)}
        self.callee = next((e for e in elements.values() if isinstance(e, Callee)), None)
        self.targets = [e for e in elements.values() if isinstance(e, Target)]
        self.cases = next((e for e in elements.values() if isinstance(e, Cases)), None)
        self.items = _parse_format(format, elements)
        self.inherent = frozenset(k for k, e in elements.items() if not isinstance(e, (Option, Operand, Result)))
        self.flagged = [e for e in self.operands if e.flag is not None]
        # What stands in the format as an attribute, and always: its name, and of which class it is.
        self.kinds: list[tuple[str, type]] = [
            (e.name, str if isinstance(e, (WordOf, Name, SymbolOf)) else _types.Type if isinstance(e, TypeOf) else object)
            for e in elements.values()
            if isinstance(e, (WordOf, Name, SymbolOf, TypeOf)) or (isinstance(e, Literal) and not e.optional)
        ]
        varying = [e for e in self.operands if (e.optional or e.variadic) and e.flag is None]
        if len(varying) + (self.callee is not None) > 1:
            raise TypeError(f"operation `{name}`: at most one operand may vary in number, not {[e.name for e in varying]}")
        self.is_terminator = TERMINATOR in self.traits
        self.is_pure = PURE in self.traits
        self.is_projection = PROJECTION in self.traits
        self.is_check = CHECK in self.traits
        self.may_panic = MAY_PANIC in self.traits or CHECK in self.traits
        self.may_free = MAY_FREE in self.traits
        self.is_safepoint = SAFEPOINT in self.traits
        self.drops = DROPS in self.traits
        self.is_commutative = COMMUTATIVE in self.traits
        self.is_removable = REMOVABLE in self.traits
        self.takes_frame = FRAME in self.traits
        self.needs_unsafe = NEEDS_UNSAFE in self.traits
        self.gives_to_successors = any(e.forwards is not None for e in (*self.targets, self.cases) if e is not None)
        self.written = next((r for r in self.results if r.written is not None), None)
        self.parse_steps: list[tuple[int, Any]] | None = None  # the parser's compiled form of `items`
        positions: dict[str, int] = {}
        varies_at: int | None = None
        for index, operand in enumerate(self.operands):
            positions[operand.name] = index
            if (operand.optional or operand.variadic) and operand.flag is None:
                varies_at = index
        self.positions = positions
        self.varies_at = varies_at
        # The type of a single result where it needs no inference: fixed, or that of the operand at a position.
        plain = self.varies_at is None and self.callee is None and not self.flagged
        # What happens to each operand, where that does not depend on the operation.
        self.accesses = tuple([e.access for e in self.operands]) if plain else None
        single = self.results[0] if len(self.results) == 1 and plain else None
        self.fixed_result = single.type if single is not None else None
        self.same_result = positions[single.same_as] if single is not None and single.same_as is not None else None
        # Fast path of `problems`: true only where it would yield nothing.
        self.holds: Callable[[Operation, Module], bool] = self._first_holds
        # The text of an operation from its mnemonic to the end of its format (no results, attributes or type).
        self.spell: Callable[[Operation], str] = self._first_spell

    # - operands by name -

    def bind(self, op: Operation) -> dict[str, list[Value]]:
        """The operands of ``op`` by their declared names."""
        values = op.operands
        if self.varies_at is None and not self.flagged:
            return {e.name: values[i : i + 1] for i, e in enumerate(self.operands)}
        extra = len(values) - (self.fixed_count(op) - (self.varies_at is not None))
        bound: dict[str, list[Value]] = {}
        at = 0
        for index, operand in enumerate(self.operands):
            count = max(0, extra) if index == self.varies_at else int(operand.flag is None or operand.flag in op.attrs)
            bound[operand.name] = values[at : at + count]
            at += count
        return bound

    def fixed_count(self, op: Operation) -> int:
        """How many operands are declared, without those whose flag is absent (and, for a call, those of the callee)."""
        count, given = len(self.operands), op.attrs
        for each in self.flagged:
            if each.flag not in given:
                count -= 1
        return count

    def pick_operand(self, op: Operation, name: str) -> Value | None:
        """The single operand called ``name``, or None when it is absent. Raises ``KeyError`` for an unknown name."""
        if name not in self.positions:
            raise KeyError(f"`{self.name}` has no operand `{name}`; it has {', '.join(self.positions) or 'none'}")
        found = self.bind(op)[name]
        return found[0] if found else None

    # - types of results -

    def infer(self, op: Operation, module: Module) -> list[Type]:
        """The types of the results that do not have to be written. Raises ``InferenceError``."""
        found = []
        for result in self.results:
            if result.infer_all is not None:
                return result.infer_all(op, module)
            inferred = self._infer_one(result, op, module)
            if inferred is None:
                raise InferenceError(f"the type of the result of `{self.name}` must be written after a colon")
            if not (result.optional and inferred is _types.UNIT):
                found.append(inferred)
        return found

    def _infer_one(self, result: Result, op: Operation, module: Module) -> Type | None:
        if result.type is not None:
            return result.type
        if result.same_as is not None:
            if self.flagged:
                found = self.bind(op)[result.same_as]
                return found[0].type if found else ERROR
            index = self.positions[result.same_as]
            return op.operands[index].type if index < len(op.operands) else ERROR
        if result.infer is not None:
            return result.infer(op, module)
        return None

    # - the structural rules of one operation -

    def problems(self, op: Operation, module: Module) -> Iterator[tuple[str, str]]:
        """The definition of a well-typed operation: yields ``(rule, message)`` for each violation."""
        yield from self._count_problems(op)
        if self.callee is None and not self._count_is_right(op):
            return
        bound = self.bind(op)
        wrong = [p for e in self.operands for value in bound[e.name] for p in self._operand_problems(e, value, bound)]
        yield from wrong
        yield from self._attribute_problems(op)
        if self.needs_unsafe and not op.unsafe:
            yield "U001", f"`{self.name}` needs the `unsafe` marker"
        if wrong or (self.kinds and not self._has_its_parts(op)):  # what follows relies on the types, and reads the attributes
            return
        miscounted = False
        for rule, message in self._result_problems(op, module):
            miscounted = miscounted or rule == "V003"
            yield rule, message
        if self.verify_extra is not None and not miscounted:
            yield from self.verify_extra(op, module)

    def _has_its_parts(self, op: Operation) -> bool:
        """Whether the attributes that stand in the format are there, each of its kind."""
        return all(name in op.attrs and isinstance(op.attrs[name], kind) for name, kind in self.kinds)

    def _count_is_right(self, op: Operation) -> bool:
        count, declared = len(op.operands), self.fixed_count(op) if self.flagged else len(self.operands)
        if self.varies_at is None:
            return count == declared
        if self.operands[self.varies_at].variadic:
            return count >= declared - 1
        return count in (declared - 1, declared)

    def _count_problems(self, op: Operation) -> Iterator[tuple[str, str]]:
        if self.callee is None and not self._count_is_right(op):
            yield "V003", f"`{self.name}` takes {len(self.operands)} operands, not {len(op.operands)}"
        if self.cases is None and len(op.successors) != len(self.targets):
            yield "V004", f"`{self.name}` has {len(self.targets)} successors, not {len(op.successors)}"

    def _operand_problems(self, operand: Operand, value: Value, bound: dict[str, list[Value]]) -> Iterator[tuple[str, str]]:
        type = value.type
        if type is ERROR:
            return
        if operand.same_as is not None:
            wanted = bound[operand.same_as][0].type
            if wanted is not ERROR and type is not wanted and type.erased is not wanted.erased:
                yield (
                    "V005",
                    (
                        f"operand `{operand.name}` of `{self.name}` has type `{type}`, "
                        f"but `{operand.same_as}` has type `{wanted}`; they must be the same"
                    ),
                )
        elif not operand.constraint.accepts(type):
            yield (
                "V005",
                (f"operand `{operand.name}` of `{self.name}` has type `{type}` where {operand.constraint.name} is expected"),
            )

    def _attribute_problems(self, op: Operation) -> Iterator[tuple[str, str]]:
        for key, value in op.attrs.items():
            element = self.elements.get(key)
            if isinstance(element, WordOf):
                if value not in element.choices:
                    yield "V006", f"`{value}` is no {key} of `{self.name}`; it is one of {', '.join(element.choices)}"
            elif isinstance(element, (Name, SymbolOf)):
                if not isinstance(value, str):
                    yield "V006", f"the `{key}` of `{self.name}` is {value!r}, and no name"
            elif isinstance(element, TypeOf):
                if not isinstance(value, _types.Type):
                    yield "V006", f"the `{key}` of `{self.name}` is {value!r}, and no type"
            elif isinstance(element, Option):
                good = value is True if element.type is bool else isinstance(value, element.type) and value is not True
                if good and element.name == "alignment":
                    problem = alignment_problem(value)
                    if problem is not None:
                        yield "V006", f"`{self.name}`: {problem}"
                if not good or (element.choices and value not in element.choices):
                    choices = f", one of {', '.join(map(str, element.choices))}" if element.choices else ""
                    yield "V006", f"attribute `{key}` of `{self.name}` must be of type {element.type.__name__}{choices}"
            elif element is None and "." not in key and key not in COMMON_ATTRIBUTES:
                known = ", ".join([*self.options, *COMMON_ATTRIBUTES])
                yield "V006", f"`{self.name}` has no attribute `{key}`; known are {known}, and names with a dot"
            elif element is None and not _has_text(value):
                yield "V006", f"attribute `{key}` of `{self.name}` is {value!r}, and no literal"
        for element in self.elements.values():
            if isinstance(element, (WordOf, Name, SymbolOf, TypeOf, Literal)) and element.name not in op.attrs:
                if isinstance(element, Literal) and element.optional:
                    continue
                yield "V006", f"`{self.name}` lacks its `{element.name}`"

    def _result_problems(self, op: Operation, module: Module) -> Iterator[tuple[str, str]]:
        if any(v.type is ERROR for v in op.operands):
            return
        expected: list[tuple[Result, Type | None]] = []
        for result in self.results:
            try:
                if result.infer_all is not None:
                    expected.extend((result, type) for type in result.infer_all(op, module))
                    continue
                inferred = self._infer_one(result, op, module)
            except InferenceError as error:
                yield "V005", str(error)
                return
            if not (result.optional and inferred is _types.UNIT):
                expected.append((result, inferred))
        if len(expected) != len(op.results):
            yield "V003", f"`{self.name}` gives {len(expected)} results, not {len(op.results)}"
            return
        for (result, wanted), value in zip(expected, op.results, strict=True):
            if value.type is ERROR or wanted is ERROR:
                continue
            if wanted is not None:
                if value.type is not wanted and value.type.erased is not wanted.erased:
                    yield "V005", f"the result of `{self.name}` has type `{value.type}` but must have type `{wanted}`"
            elif result.written is not None:
                written = value.type
                if result.place:
                    if not isinstance(written, _types.PlaceType):
                        yield "V005", f"the result of `{self.name}` must be a place, not `{written}`"
                        continue
                    written = written.target
                if not result.written.accepts(written):
                    yield "V005", f"`{self.name}` cannot give a `{written}`: {result.written.name} is expected"

    # - generated when they are first used -

    def _first_holds(self, op: Operation, module: Module) -> bool:
        self.holds = _compile_holds(self)
        return self.holds(op, module)

    def _first_spell(self, op: Operation) -> str:
        self.spell = _compile_spell(self)
        return self.spell(op)

    def __repr__(self) -> str:
        return f"<declaration {self.name}>"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return find, (self.name,)


def _has_text(value: Any) -> bool:
    from altru_ir.literals import is_literal  # which knows modules, and they know this

    return is_literal(value)


COMMON_ATTRIBUTES = ("allow",)
"""Attributes every operation may carry."""

_table: dict[str, Declaration] = {}
_retired: dict[str, str] = {}


def operation(
    name: str,
    format: str = "",
    traits: tuple[str, ...] = (),
    verify: Callable[[Operation, Module], Iterator[tuple[str, str]]] | None = None,
    rule: str = "",
) -> Callable[[type], Declaration]:
    """Class decorator that declares an operation and registers it.

    Parameters: ``name``, the mnemonic (a front-end's own has a prefix and a dot); ``format``; ``traits``; ``verify``, a
    generator of further ``(rule, message)`` problems, run after the typed ones found none. Raises ``ValueError`` when
    the name is taken and ``TypeError`` for a declaration that contradicts itself (``declaration_rules``).
    """

    def declare(body: type) -> Declaration:
        elements = {key.removesuffix("_"): value for key, value in vars(body).items() if isinstance(value, Element)}
        if not body.__module__.startswith("altru_ir.ops"):
            from altru_ir.declaration_rules import contradictions

            load_standard()  # so that their names are taken
            if not isinstance(traits, (tuple, list, frozenset, set)):
                raise TypeError(f"operation {name!r}: traits are a tuple, not {traits!r}")
            wrong = list(contradictions(name, format, elements, body.__module__, tuple(traits)))
            if wrong:
                raise TypeError(f"operation `{name}`: {'; '.join(wrong)}")
        if name in _table:
            raise ValueError(f"operation `{name}` is already declared in {_table[name].declared_in}")
        made = Declaration(name, format, elements, traits, body.__doc__ or "", verify, rule, body.__module__)
        _table[name] = made
        return made

    return declare


def forget(name: str) -> None:
    """Withdraws a declaration (for tests and interactive use). Modules that use it still hold it."""
    del _table[name]


def find(name: str) -> Declaration:
    """The declaration called ``name``. Raises ``KeyError`` when there is none."""
    load_standard()
    return _table[name]


def table() -> dict[str, Declaration]:
    """All declarations by name: ours, then what front-ends added."""
    load_standard()
    return _table


def load_standard() -> None:
    """Declares our own operations (once)."""
    import altru_ir.ops  # noqa: F401


# -- generated fast paths -----------------------------------------------------------------------------------------------


def _build(name: str, source: str, space: dict[str, Any]) -> Any:
    """Compiles ``source`` and returns its function ``name``; a debugger can step through it."""
    filename = f"<generated {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), space)
    return space[name]


def _compile_holds(decl: Declaration) -> Callable[[Operation, Module], bool]:
    """Generates the fast test: one conjunction over operands, attributes and result types."""
    space: dict[str, Any] = dict(vars(_types))
    spread = any(r.spread for r in decl.results)
    count = len(decl.operands)
    varies = decl.varies_at is not None  # the last operand, or none
    if decl.callee is not None or decl.cases is not None or decl.varies_at not in (None, count - 1) or decl.flagged or spread:
        return lambda op, module: next(decl.problems(op, module), None) is None
    lines = ["def holds(op, module):", "    operands = op.operands"]
    most = "" if varies and decl.operands[-1].variadic else f" <= {count}"
    counted = f"not {count - 1} <= len(operands){most}" if varies else f"len(operands) != {count}"
    leaves = f"len(op.successors) != {len(decl.targets)}" if decl.targets else "op.successors"
    lines.append(f"    if {counted} or {leaves}: return False")
    for index, operand in enumerate(decl.operands):
        indent = "    "
        if varies and index == count - 1:
            lines.append(f"    for value in operands[{index}:]:")
            indent += "    "
            lines.append(f"{indent}t{index} = value.type")
        else:
            lines.append(f"    t{index} = operands[{index}].type")
        if operand.same_as is not None:
            other = f"t{decl.positions[operand.same_as]}"
            test = f"t{index} is {other} or t{index}.erased is {other}.erased"
        else:
            test = re.sub(r"\bt\b", f"t{index}", operand.constraint.test)
        if test != "True":
            lines.append(f"{indent}if not ({test}): return False")
    required = [e for e in decl.elements.values() if isinstance(e, (WordOf, Name, SymbolOf, TypeOf, Literal))]
    optional_literals = any(isinstance(e, Literal) and e.optional for e in required)
    if required:
        lines.append("    attrs = op.attrs")
        if optional_literals:
            return lambda op, module: next(decl.problems(op, module), None) is None
        lines.append(f"    if len(attrs) != {len(required)}: return False")
        for element in required:
            if isinstance(element, WordOf):
                space[f"choices_{element.name}"] = frozenset(element.choices)
                lines.append(f"    if attrs.get({element.name!r}) not in choices_{element.name}: return False")
            elif isinstance(element, TypeOf):
                lines.append(f"    if not isinstance(attrs.get({element.name!r}), Type): return False")
            else:
                lines.append(f"    if {element.name!r} not in attrs: return False")
    else:
        flags = [e for e in decl.elements.values() if isinstance(e, Flag)]
        lines.append("    if op.attrs:")
        lines.append(
            "        if not op.attrs.keys() <= flags or any(v is not True for v in op.attrs.values()): return False"
            if flags
            else "        return False"
        )
        space["flags"] = {e.name for e in flags}
    if decl.needs_unsafe:
        lines.append("    if not op.unsafe: return False")
    lines.append("    results = op.results")
    lines.append(f"    if len(results) != {len(decl.results)}: return False")
    for index, result in enumerate(decl.results):
        if result.optional:
            return lambda op, module: next(decl.problems(op, module), None) is None
        lines.append(f"    r{index} = results[{index}].type")
        if result.type is not None:
            space[f"fixed{index}"] = result.type
            lines.append(f"    if r{index} is not fixed{index}: return False")
        elif result.same_as is not None:
            if decl.positions[result.same_as] == decl.varies_at:
                return lambda op, module: next(decl.problems(op, module), None) is None
            lines.append(f"    if r{index} is not t{decl.positions[result.same_as]}: return False")
        elif result.infer is not None:
            space[f"infer{index}"] = result.infer
            space["InferenceError"] = InferenceError
            lines.append("    try:")
            lines.append(f"        if r{index} is not infer{index}(op, module): return False")
            lines.append("    except InferenceError: return False")
        elif result.written is not None:
            if result.place:
                lines.append(f"    if not r{index}.is_place: return False")
                lines.append(f"    r{index} = r{index}.target")
            lines.append("    if not (" + re.sub(r"\bt\b", f"r{index}", result.written.test) + "): return False")
    if decl.verify_extra is not None:
        space["verify_extra"] = decl.verify_extra
        lines.append("    for _ in verify_extra(op, module): return False")
    lines.append("    return True")
    built: Callable[[Operation, Module], bool] = _build("holds", "\n".join(lines) + "\n", space)
    return built


def _compile_spell(decl: Declaration) -> Callable[[Operation], str]:
    """Generates the printer of an operation: one f-string where nothing is optional, pieces joined where something is."""
    from altru_ir.text import spelling

    space: dict[str, Any] = dict(vars(spelling))
    offset = "len(operands)"
    lines = ["def spell(op):", "    operands = op.operands", "    attrs = op.attrs", "    successors = op.successors"]
    lines.append(f"    out = [{decl.name!r}]")
    if decl.flagged:
        space["bind"] = decl.bind
        space["fixed_count"] = decl.fixed_count
        lines.append("    bound = bind(op)")

    def position(element: Operand) -> str:
        index = decl.positions[element.name]
        if decl.varies_at is None or index < decl.varies_at:
            return str(index)
        return f"{offset} - {len(decl.operands) - index}"

    def piece(element: Element) -> str:
        if isinstance(element, Operand):
            if decl.flagged:
                return f"', '.join(['%' + v.name for v in bound[{element.name!r}]])"
            if element.variadic:
                start = decl.positions[element.name]
                end = len(decl.operands) - 1 - start
                stop = f"len(operands) - {end}" if end else ""
                return f"', '.join(['%' + v.name for v in operands[{start}:{stop}]])"
            return f"'%' + operands[{position(element)}].name"
        if isinstance(element, WordOf):
            return f"attrs[{element.name!r}]"
        if isinstance(element, Name):
            return f"spell_member(attrs[{element.name!r}])"
        if isinstance(element, Literal):
            return f"spell_literal(attrs[{element.name!r}], op)"
        if isinstance(element, SymbolOf):
            return f"'@' + spell_name(attrs[{element.name!r}])"
        if isinstance(element, TypeOf):
            return f"attrs[{element.name!r}].text"
        if isinstance(element, Callee):
            return f"spell_callee(op, {'fixed_count(op)' if decl.flagged else len(decl.operands)})"
        if isinstance(element, Target):
            return f"spell_successor(successors[{decl.targets.index(element)}])"
        if isinstance(element, Cases):
            return "', '.join([spell_successor(s) for s in successors])"
        raise TypeError(f"a format cannot name {element!r}")

    def present(element: Element) -> str:
        if isinstance(element, Flag):
            return f"attrs.get({element.name!r})"
        if isinstance(element, Operand) and decl.flagged:
            return f"bound[{element.name!r}]"
        if isinstance(element, Operand) and element.optional:
            return f"len(operands) == {len(decl.operands)}"
        if isinstance(element, Operand) and element.variadic:
            return f"len(operands) > {len(decl.operands) - 1}"
        if isinstance(element, Literal):
            return f"{element.name!r} in attrs"
        raise TypeError(f"operation `{decl.name}`: a group cannot depend on {element!r}")

    def emit(items: tuple[Item, ...], indent: str) -> None:
        for item in items:
            if item.group:
                decides = next(
                    i.element
                    for i in item.group
                    if i.element is not None
                    and (isinstance(i.element, (Flag, Literal)) or getattr(i.element, "optional", False)
                         or getattr(i.element, "variadic", False))
                )  # fmt: skip
                lines.append(f"{indent}if {present(decides)}:")
                emit(item.group, indent + "    ")
            elif item.text == ",":
                lines.append(f"{indent}out[-1] += ','")
            elif item.text:
                lines.append(f"{indent}out.append({item.text!r})")
            elif isinstance(item.element, Flag):
                lines.append(f"{indent}if attrs.get({item.element.name!r}): out.append({item.element.word!r})")
            elif item.element is not None:
                varying = isinstance(item.element, (Operand, Literal)) and item.element.optional
                if varying or (isinstance(item.element, Operand) and item.element.variadic):
                    lines.append(f"{indent}if {present(item.element)}: out.append({piece(item.element)})")
                else:
                    lines.append(f"{indent}out.append({piece(item.element)})")

    flat = all(
        item.text or (item.element is not None and not isinstance(item.element, Flag)
                      and not getattr(item.element, "optional", False) and not getattr(item.element, "variadic", False))
        for item in decl.items
    )  # fmt: skip
    if flat:
        text = decl.name
        for item in decl.items:
            if item.text:
                text += item.text if item.text == "," else f" {item.text}"
            elif isinstance(item.element, Operand):
                text += f" %{{operands[{position(item.element)}].name}}"
            elif item.element is not None:
                text += f" {{{piece(item.element)}}}"
        lines = ["def spell(op):", "    operands = op.operands", "    attrs = op.attrs", "    successors = op.successors"]
        lines.append(f'    return f"""{text}"""')
    else:
        emit(decl.items, "    ")
        lines.append("    return ' '.join(out)")
    built: Callable[[Operation], str] = _build("spell", "\n".join(lines) + "\n", space)
    return built


__all__ = [
    "ANY", "BOOL", "BORROW", "CHECK", "COMMUTATIVE", "CONDITION", "CONSTANT", "CONSUME", "Callee", "Cases", "Constraint",
    "DROPS", "Declaration", "END", "ESCAPE", "EXCHANGE", "FLOAT", "FRAME", "FRESH",
    "Flag", "INIT", "INTEGER", "InferenceError", "Item",
    "Literal", "MAY_FREE", "MAY_PANIC", "MUTABLE_PLACE", "NEEDS_UNSAFE", "NUMBER", "Name", "OWNER", "Operand", "Option",
    "PATH", "PLACE", "POINTER", "PROJECTION", "PURE", "RAW", "RAW_MUT", "READ", "REFERENCE", "REMOVABLE", "Result", "SAFEPOINT",
    "SEQUENCE_PLACE", "SOMETIMES_UNSAFE", "SYNC", "Symbol", "SymbolOf", "TERMINATOR", "Target", "TypeOf", "USIZE", "WRITE",
    "WordOf", "exactly", "find", "forget", "operation", "table",
]  # fmt: skip
