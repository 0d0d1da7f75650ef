"""Values and operations: the two nodes of which every function body is made.

A ``Value`` is defined once, by an operation, as a block argument, or as a parameter of a function. An ``Operation``
names its declaration (``decl``: what it is called, what it takes and gives), its operands, its literal parts
(``attrs``: predicates, field names, symbols, types, and what stood in braces), and for a terminator its successors.

Example: in ``%r = icmp ult %i, %n`` the operation has ``operands == [%i, %n]``, ``attrs == {"predicate": "ult"}`` and
one result ``%r`` of type ``i1``.

There are no use lists: construction and cloning do not pay for them, and a pass that wants uses computes them in one sweep
(docs/decisions/0002). Invariant: ``value.owner`` is the operation, block or function that
defines it, and the value stands in that owner's results, arguments or parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from altru_ir.declare import Declaration
    from altru_ir.module import Block, Function
    from altru_ir.source import Location
    from altru_ir.types import Type

NO_ATTRIBUTES: dict[str, Any] = {}
"""Shared by all operations without attributes; never written to. ``Operation.set`` copies before it writes."""


class Symbol(str):
    """The name of a function, global or type declaration as an attribute (``@name`` in text)."""

    __slots__ = ()


class Word(str):
    """A bare word as an attribute value: ``{slab}`` is ``{"slab": True}``, ``{place = slab}`` holds ``Word("slab")``."""

    __slots__ = ()


class Value:
    """A typed SSA value.

    ``name`` is its spelling after the ``%`` (quotes included where it needs them), or None until the printer numbers it.
    ``mark`` is scratch space of the structural verifier; ``spelled`` is what whoever writes the function in another language
    has written for it, and unset before.
    """

    __slots__ = ("mark", "name", "owner", "spelled", "type")
    spelled: str

    def __init__(self, type: Type, name: str | None = None, owner: Operation | Block | Function | None = None) -> None:
        self.type = type
        self.name = name
        self.owner = owner
        self.mark = -1

    @property
    def operation(self) -> Operation | None:
        """The operation that defines this value; None for a block argument or a parameter."""
        owner = self.owner
        return owner if isinstance(owner, Operation) else None

    def __repr__(self) -> str:
        return f"<value %{self.name or '?'}: {self.type}>"


class Successor:
    """An edge out of a terminator: the block and the values for its arguments.

    ``case`` is the literal or variant name in front of it (``switch %x, 1 ^one``); None elsewhere. Results that the
    terminator itself gives (``realloc``'s new pointer) are the block's leading arguments and do not stand in ``args``.
    """

    __slots__ = ("args", "block", "case")

    def __init__(self, block: Block, args: list[Value] | None = None, case: Any = None) -> None:
        self.block = block
        self.args = [] if args is None else args
        self.case = case

    def __repr__(self) -> str:
        return f"<successor ^{self.block.label}>"


class Operation:
    """One operation. ``loc`` is a token index into the function's source, a ``Location``, or None."""

    __slots__ = ("attrs", "block", "decl", "loc", "operands", "results", "successors", "unsafe")

    def __init__(
        self,
        decl: Declaration,
        operands: list[Value],
        attrs: dict[str, Any] = NO_ATTRIBUTES,
        successors: list[Successor] | tuple[Successor, ...] = (),
        unsafe: bool = False,
        loc: int | Location | None = None,
    ) -> None:
        self.decl = decl
        self.operands = operands
        self.attrs = attrs
        self.successors = successors
        self.unsafe = unsafe
        self.loc = loc
        self.results: list[Value] | tuple[Value, ...] = ()
        self.block: Block | None = None

    @property
    def name(self) -> str:
        """The mnemonic."""
        return self.decl.name

    @property
    def result(self) -> Value:
        """The only result. Raises ``ValueError`` when the operation has none or several."""
        if len(self.results) != 1:
            raise ValueError(f"`{self.name}` has {len(self.results)} results, not one")
        return self.results[0]

    @property
    def function(self) -> Function | None:
        """The function whose body this operation stands in; None while it is detached."""
        return self.block.function if self.block is not None else None

    @property
    def location(self) -> Location | None:
        """Where it stands: the front-end's location, else its position in the parsed text, else None."""
        loc = self.loc
        if isinstance(loc, int):
            function = self.function
            source = function.source if function is not None else None
            return source.token(loc) if source is not None else None
        return loc

    def operand(self, name: str) -> Value | None:
        """The single operand declared as ``name``; None when it is optional and absent."""
        return self.decl.pick_operand(self, name)

    def set(self, name: str, value: Any) -> None:
        """Sets an attribute (on a private copy when the operation had none)."""
        if self.attrs is NO_ATTRIBUTES:
            self.attrs = {}
        self.attrs[name] = value

    def all_operands(self) -> list[Value]:
        """Operands followed by the arguments handed to successors."""
        if not self.successors:
            return self.operands
        values = list(self.operands)
        for successor in self.successors:
            values.extend(successor.args)
        return values

    def replace_operands(self, replacement: dict[Value, Value]) -> None:
        """Replaces each operand and successor argument that is a key of ``replacement`` by its value there."""
        get = replacement.get
        self.operands[:] = [get(v, v) for v in self.operands]
        for successor in self.successors:
            successor.args[:] = [get(v, v) for v in successor.args]

    def __repr__(self) -> str:
        return f"<operation {self.name}>"
