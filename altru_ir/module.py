"""Modules, functions, blocks, and the declarations a module holds.

A module is a list of declarations in the order of the text: types, globals and functions, each found by name. A
function has a signature, parameters (values of their own: the entry block has no arguments and nobody jumps to it) and
blocks; a block has arguments, operations, the last of which is its terminator, and perhaps an unwind target.

Example: ``m.functions["sum"].entry.ops[0].name``.

Invariant: ``block.function`` and ``op.block`` point to where the thing stands; ``function.blocks`` is in text order, the
entry first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.source import Location, Source, has_text
from altru_ir.targets import data_of
from altru_ir.types import UNIT, FunctionType, Type
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.cfg import ControlFlowGraph

DEFAULT_TARGET = "x86_64-linux-gnu"


class Block:
    """A basic block. ``label`` is its spelling after the ``^``, or None until the printer numbers it."""

    __slots__ = ("args", "function", "label", "loc", "ops", "unwind")

    def __init__(self, label: str | None = None, args: list[Value] | None = None) -> None:
        self.label = label
        self.args = [] if args is None else args
        self.ops: list[Operation] = []
        self.unwind: Block | None = None
        self.function: Function | None = None
        self.loc: int | Location | None = None

    @property
    def terminator(self) -> Operation | None:
        """The last operation when it ends a block, else None."""
        if self.ops and self.ops[-1].decl.is_terminator:
            return self.ops[-1]
        return None

    @property
    def location(self) -> Location | None:
        """Where its label stands."""
        if isinstance(self.loc, int):
            source = self.function.source if self.function is not None else None
            return source.token(self.loc) if source is not None else None
        return self.loc

    @property
    def successors(self) -> list[Block]:
        """The blocks control may go to next, the unwind target last, each as often as it is named."""
        found = [s.block for s in self.ops[-1].successors] if self.ops else []
        if self.unwind is not None:
            found.append(self.unwind)
        return found

    def to(self, *args: Value) -> Successor:
        """An edge to this block with the values for its arguments (those the terminator itself gives left out)."""
        return Successor(self, list(args))

    def add_arg(self, type: Type, name: str | None = None) -> Value:
        """Appends an argument."""
        value = Value(type, name, self)
        self.args.append(value)
        return value

    def append(self, op: Operation) -> Operation:
        """Appends an operation."""
        op.block = self
        self.ops.append(op)
        return op

    def insert(self, index: int, op: Operation) -> Operation:
        """Inserts an operation before position ``index``. A pass that inserts many rebuilds ``ops`` instead."""
        op.block = self
        self.ops.insert(index, op)
        return op

    def __repr__(self) -> str:
        return f"<block ^{self.label or '?'}>"


@attrs.define(eq=False)
class Signature:
    """What a caller sees of a function.

    ``type`` has parameter and result types, transfers, ABI, unsafe, nounwind and the region parameters (as its binder);
    ``outlives`` pairs ``("'a", "'b")`` say that the first outlives the second.
    """

    type: FunctionType
    outlives: tuple[tuple[str, str], ...] = ()

    @property
    def result(self) -> Type:
        return self.type.result


class Function:
    """A function: a definition when it has blocks, a declaration of something elsewhere when it has none."""

    __slots__ = (
        "__weakref__", "attributes", "behind", "blocks", "comments", "leading_comments", "linkage", "loc", "module", "name",
        "parameters", "signature", "source", "trailing_comments",
    )  # fmt: skip

    def __init__(self, name: str, signature: Signature, parameter_names: list[str | None] | None = None) -> None:
        self.name = name
        self.signature = signature
        names = parameter_names if parameter_names is not None else [None] * len(signature.type.parameters)
        self.parameters = [Value(t, n, self) for t, n in zip(signature.type.parameters, names, strict=True)]
        self.blocks: list[Block] = []
        self.linkage: str = "public"
        self.attributes: dict[str, Any] = {}
        self.module: Module | None = None
        self.source: Source | None = None
        self.loc: int | Location | None = None
        self.comments: dict[Operation | Block, Comments] = {}
        self.leading_comments: list[str] = []
        self.trailing_comments: list[str] = []
        self.behind: str | None = None

    @property
    def is_declaration(self) -> bool:
        return not self.blocks

    @property
    def entry(self) -> Block:
        """The first block. Raises ``IndexError`` on a declaration."""
        return self.blocks[0]

    @property
    def location(self) -> Location | None:
        if isinstance(self.loc, int):
            return self.source.token(self.loc) if self.source is not None else None
        return self.loc

    def add_block(self, block: Block) -> Block:
        """Appends a block."""
        block.function = self
        self.blocks.append(block)
        return block

    def operations(self) -> Iterator[Operation]:
        """All operations, in text order."""
        for block in self.blocks:
            yield from block.ops

    def cfg(self) -> ControlFlowGraph:
        """A control-flow graph of the body as it is now (``.graph`` is a ``networkx.DiGraph``)."""
        from altru_ir.cfg import ControlFlowGraph

        return ControlFlowGraph(self)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from altru_ir.render.html import render
        from altru_ir.text.printer import print_function

        return render(print_function(self))

    def __repr__(self) -> str:
        return f"<function @{self.name}>"


@attrs.define(eq=False)
class Comments:
    """Comments kept with an operation or a block: the lines before it and the one behind it."""

    before: list[str] = attrs.Factory(list)
    behind: str | None = None


@attrs.define(eq=False)
class Field:
    """A field of a struct or union. ``transfer`` says who releases what a raw pointer in it points to."""

    name: str
    type: Type
    transfer: str | None = None
    constant: bool = False


@attrs.define(eq=False)
class Variant:
    """A variant of an enum; ``type`` is its payload, the unit type when it has none."""

    name: str
    type: Type = UNIT


@attrs.define(eq=False)
class TypeDeclaration:
    """A ``struct``, ``enum`` or ``union``.

    ``regions`` are its parameters, ``outlives`` pairs of them; ``drop`` names the destructor; ``asserts`` are the marks
    it claims by ``unsafe(send, share)``; ``representation`` is None (we choose the order of fields) or ``"c"``.
    """

    kind: str
    name: str
    members: list[Any]
    regions: tuple[str, ...] = ()
    outlives: tuple[tuple[str, str], ...] = ()
    drop: str | None = None
    asserts: tuple[str, ...] = ()
    representation: str | None = None
    attributes: dict[str, Any] = attrs.Factory(dict)
    location: Location | None = None
    comments: list[str] = attrs.Factory(list)
    behind: str | None = None
    _index: dict[str, int] | None = None

    def index(self, name: str) -> int | None:
        """The position of the member called ``name``; None when there is none."""
        if self._index is None or len(self._index) != len(self.members):
            self._index = {member.name: i for i, member in enumerate(self.members)}
        return self._index.get(name)

    def member(self, name: str) -> Any:
        """The field or variant called ``name``; None when there is none."""
        index = self.index(name)
        return None if index is None else self.members[index]


@attrs.define(eq=False)
class Global:
    """A global variable. ``mode`` is ``const``, ``mut`` or ``thread_local``; without ``initial`` it is defined elsewhere."""

    name: str
    type: Type
    mode: str = "const"
    initial: Any = None
    linkage: str = "public"
    attributes: dict[str, Any] = attrs.Factory(dict)
    location: Location | None = None
    comments: list[str] = attrs.Factory(list)
    behind: str | None = None


class Module:
    """A compilation unit.

    Parameters: ``name`` as in ``module @name``; ``target``, a triple of one of the supported targets (see
    ``altru_ir.targets``), which fixes pointer width and endianness. Raises ``TypeError`` for a name that is no text,
    ``ValueError`` for one that no text can say, and ``UnknownTargetError``, a ``ValueError``.
    """

    def __init__(self, name: str = "module", target: str = DEFAULT_TARGET) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a module is a text, not {name!r}")
        if not has_text(name):
            raise ValueError(f"the name {name!r} holds half of a surrogate pair, which no text can say")
        data_of(target)
        self.name = name
        self.target = target
        self.attributes: dict[str, Any] = {}
        self.types: dict[str, TypeDeclaration] = {}
        self.globals: dict[str, Global] = {}
        self.functions: dict[str, Function] = {}
        self.order: list[TypeDeclaration | Global | Function] = []
        self.source: Source | None = None
        self.trailing_comments: list[str] = []

    @property
    def pointer_bits(self) -> int:
        """The width of an address on the module's target."""
        return data_of(self.target).pointer_bits

    def add(self, declaration: TypeDeclaration | Global | Function) -> None:
        """Adds a type, global or function. Raises ``ValueError`` when the name is taken, ``TypeError`` for anything else."""
        if not isinstance(declaration, (TypeDeclaration, Global, Function)):
            raise TypeError(f"a module declares types, globals and functions; {declaration!r} is none")
        name = declaration.name
        if isinstance(declaration, TypeDeclaration):
            taken = name in self.types
        else:  # functions and globals share one space
            taken = name in self.functions or name in self.globals
        if taken:
            raise ValueError(f"@{name} is already declared in module @{self.name}")
        if isinstance(declaration, TypeDeclaration):
            self.types[name] = declaration
        elif isinstance(declaration, Function):
            self.functions[name] = declaration
            declaration.module = self
        else:
            self.globals[name] = declaration
        self.order.append(declaration)

    def remove(self, declaration: TypeDeclaration | Global | Function) -> None:
        """Removes a declaration; whoever refers to it is left for the verifier to find.

        Raises ``ValueError`` when it is not there.
        """
        if not any(each is declaration for each in self.order):
            raise ValueError(f"{declaration!r} is not declared in module @{self.name}")
        table: Any = self.types
        if isinstance(declaration, Function):
            table = self.functions
            declaration.module = None
        elif isinstance(declaration, Global):
            table = self.globals
        del table[declaration.name]
        self.order.remove(declaration)

    def text(self, locations: bool = False) -> str:
        """The module as text; with ``locations`` each operation is followed by its position.

        Raises ``TypeError`` where something in the module is of a kind that no text has; ``verify`` tells of all of it.
        """
        from altru_ir.text.printer import print_module

        try:
            return print_module(self, locations=locations)
        except (AttributeError, TypeError):
            from altru_ir.verifier import verify

            problem = next((each for each in verify(self) if each.code == "ALT-V018"), None)
            if problem is None:
                raise
            raise TypeError(f"{problem}: this has no text") from None

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from altru_ir.render.html import render

        return render(str(self))

    def clone(self) -> Module:
        """A deep copy that shares no block, operation or value with this module."""
        from altru_ir.clone import clone_module

        return clone_module(self)

    def __repr__(self) -> str:
        return f"<module @{self.name}: {len(self.functions)} functions>"


def expect_module(given: object, verb: str) -> None:
    """Raises ``TypeError`` when ``given`` is no module; ``verb`` is what would be done with it, as in "verified"."""
    if not isinstance(given, Module):
        hint = "; `parse` makes one of text" if isinstance(given, (str, bytes)) else ""
        raise TypeError(f"what is {verb} is a Module, not {type(given).__name__}{hint}")


__all__ = [
    "DEFAULT_TARGET", "Block", "Comments", "Field", "Function", "Global", "Module", "Operation", "Signature", "Successor",
    "TypeDeclaration", "Value", "Variant", "expect_module",
]  # fmt: skip
