"""One declared operation: its elements by kind, its traits, which operands go by which name, and the types of its results.

    decl = find("slice.len")
    decl.bind(op)["slice"]                 # the operands that go by that name
    decl.infer(op, module)                 # [USIZE]
    decl.holds(op, module)                 # whether the operation is what is declared
    decl.spell(op)                         # "slice.len %xs"

Invariants: an optional operand is present when its ``flag`` is, and at most one more operand of a declaration varies in
number (optional or variadic), so operands are found by position; ``problems`` is the definition of "well typed", and
``holds`` is its generated fast path: ``holds`` is true only where ``problems`` is empty (tests/ir/test_declarations.py
compares the two).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from altru_ir import types as _types
from altru_ir.declare.effects import (
    CHECK,
    COMMUTATIVE,
    DROPS,
    FRAME,
    MAY_FREE,
    MAY_PANIC,
    NEEDS_UNSAFE,
    PROJECTION,
    PURE,
    REMOVABLE,
    SAFEPOINT,
    TERMINATOR,
    TRAITS,
)
from altru_ir.declare.elements import (
    Callee,
    Cases,
    Element,
    InferenceError,
    Literal,
    Name,
    Operand,
    Option,
    Result,
    SymbolOf,
    Target,
    TypeOf,
    WordOf,
)
from altru_ir.declare.fast_paths import compile_holds, compile_spell
from altru_ir.declare.formats import parse_format
from altru_ir.declare.problems import problems
from altru_ir.types import ERROR, Type
from altru_ir.values import Operation, Value

if TYPE_CHECKING:
    from altru_ir.module import Module


class Declaration:
    """A declared operation; made by ``operation``."""

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
        self.items = parse_format(format, elements)
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

    def count_is_right(self, op: Operation) -> bool:
        """Whether ``op`` has as many operands as are declared; not to be asked of a call."""
        count, declared = len(op.operands), self.fixed_count(op) if self.flagged else len(self.operands)
        if self.varies_at is None:
            return count == declared
        if self.operands[self.varies_at].variadic:
            return count >= declared - 1
        return count in (declared - 1, declared)

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
            inferred = self.infer_one(result, op, module)
            if inferred is None:
                raise InferenceError(f"the type of the result of `{self.name}` must be written after a colon")
            if not (result.optional and inferred is _types.UNIT):
                found.append(inferred)
        return found

    def infer_one(self, result: Result, op: Operation, module: Module) -> Type | None:
        """The type of one result; None where it has to be written. Raises ``InferenceError``."""
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

    # - whether an operation is what is declared -

    def problems(self, op: Operation, module: Module) -> Iterator[tuple[str, str]]:
        """The definition of a well-typed operation: yields ``(rule, message)`` for each violation."""
        return problems(self, op, module)

    # - generated when they are first used -

    def _first_holds(self, op: Operation, module: Module) -> bool:
        self.holds = compile_holds(self)
        return self.holds(op, module)

    def _first_spell(self, op: Operation) -> str:
        self.spell = compile_spell(self)
        return self.spell(op)

    def __repr__(self) -> str:
        return f"<declaration {self.name}>"
