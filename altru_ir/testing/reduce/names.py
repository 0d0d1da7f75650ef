"""The last step: short names for values, blocks, members, functions, globals, types and the module.

Example: ``%next_acc`` becomes ``%e``, when four values of the function have shorter names.

A name is replaced only by a shorter one that nothing else in its space has, so each round of this step ends, and a name
that is as short as it can be stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count, product
from string import ascii_lowercase

import attrs

from altru_ir.declare import Name, SymbolOf
from altru_ir.module import Block, Function, Global, Module, TypeDeclaration
from altru_ir.testing.reduce.edits import rewrite_types, set_signature, signature_with
from altru_ir.types import NamedType, OwnType, PlaceType, Type
from altru_ir.values import Operation, Symbol, Value


@attrs.frozen(eq=False)
class Renaming:
    """``thing`` may be called ``name``; for a member ``thing`` is its declaration and ``old`` its name."""

    thing: Value | Block | Function | Global | TypeDeclaration | Module
    name: str
    old: str = ""


def short_names(taken: Collection[str]) -> Iterator[str]:
    """``a``, ``b``, ..., ``z``, ``aa``, ... without those in ``taken``."""
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            name = "".join(letters)
            if name not in taken:
                yield name


def shorter(old: Iterable[str]) -> list[tuple[int, str]]:
    """New names for those in ``old`` that can be shorter, by position."""
    names = list(old)
    fresh = short_names(frozenset(names))
    found = []
    new = next(fresh)
    for index, name in enumerate(names):
        if len(new) < len(name):
            found.append((index, new))
            new = next(fresh)
    return found


def long_names(module: Module) -> list[Renaming]:
    """Targets: all that can have a shorter name."""
    found: list[Renaming] = []
    symbols = [d for d in module.order if not isinstance(d, TypeDeclaration)]
    found += [Renaming(symbols[index], name) for index, name in shorter(d.name for d in symbols)]
    types = list(module.types.values())
    found += [Renaming(types[index], name) for index, name in shorter(d.name for d in types)]
    for declaration in types:
        old = [member.name for member in declaration.members]
        found += [Renaming(declaration, name, old[index]) for index, name in shorter(old)]
    found += [Renaming(module, name) for _, name in shorter([module.name])]
    for function in module.functions.values():
        values = [*function.parameters, *(v for block in function.blocks for v in _defined(block))]
        found += [Renaming(values[index], name) for index, name in shorter(v.name or "" for v in values)]
        found += [Renaming(function.blocks[index], name) for index, name in shorter(b.label or "" for b in function.blocks)]
    return found


def _defined(block: Block) -> Iterator[Value]:
    yield from block.args
    for op in block.ops:
        yield from op.results


def rename(module: Module, chosen: list[Renaming]) -> None:
    """Gives the new names, and changes what refers to the old ones."""
    symbols: dict[str, str] = {}
    types: dict[str, str] = {}
    members: dict[tuple[str, str], str] = {}
    for each in chosen:
        thing = each.thing
        if isinstance(thing, TypeDeclaration) and each.old:
            members[(thing.name, each.old)] = each.name
        elif isinstance(thing, TypeDeclaration):
            types[thing.name] = each.name
        elif isinstance(thing, (Function, Global)):
            symbols[thing.name] = each.name
        elif isinstance(thing, Block):
            thing.label = each.name
        else:
            thing.name = each.name
    if members:
        _rename_members(module, members)
    if symbols or types:
        _rename_symbols(module, symbols, types)


def _rename_members(module: Module, new: dict[tuple[str, str], str]) -> None:
    """Members are named by the operations that have a value, or a place, of their type."""
    for op in _operations(module):
        named = [key for key, element in op.decl.elements.items() if isinstance(element, Name) and key in op.attrs]
        cases = [successor for successor in op.successors if isinstance(successor.case, str)]
        if not named and not cases:
            continue
        types = list(_types_around(op))
        for key in named:
            op.attrs[key] = _renamed(op.attrs[key], types, module, new)
        for successor in cases:
            successor.case = _renamed(successor.case, types, module, new)
    for declaration in module.types.values():
        for member in declaration.members:
            member.name = new.get((declaration.name, member.name), member.name)


def _types_around(op: Operation) -> Iterator[str]:
    """The declared types whose member ``op`` may name: of what it makes, where that is written, of what it takes, the rest."""
    written = [result for result in op.decl.results if result.written is not None]
    first, then = (op.results, op.operands) if written else (op.operands, op.results)
    for type in (*(v.type for v in first), *(v.type for v in then), *op.attrs.values()):
        held = type.target if isinstance(type, PlaceType) else type
        if isinstance(held, NamedType):
            yield held.name


def _renamed(member: str, types: list[str], module: Module, new: dict[tuple[str, str], str]) -> str:
    """The new name of ``member`` of the first of ``types`` that has it."""
    for name in types:
        if name in module.types and module.types[name].member(member) is not None:
            return new.get((name, member), member)
    return member


def _rename_symbols(module: Module, symbols: dict[str, str], types: dict[str, str]) -> None:
    for op in _operations(module):
        for key, value in op.attrs.items():
            element = op.decl.elements.get(key)
            if isinstance(element, SymbolOf) and element.kind == "type":
                op.attrs[key] = Symbol(types.get(value, value))
            elif isinstance(element, SymbolOf) or isinstance(value, Symbol):
                op.attrs[key] = Symbol(symbols.get(value, value))

    def change(type: Type) -> Type:
        if isinstance(type, NamedType) and type.name in types:
            return NamedType(types[type.name], type.regions)
        if isinstance(type, OwnType) and type.release in symbols:
            return OwnType(type.target, type.region, type.pool, symbols[type.release])
        return type

    rewrite_types(module, change)
    release = _release(symbols)
    for declaration in list(module.order):
        if isinstance(declaration, TypeDeclaration):
            declaration.drop = None if declaration.drop is None else symbols.get(declaration.drop, declaration.drop)
            declaration.name = types.get(declaration.name, declaration.name)
            for member in declaration.members:
                if declaration.kind != "enum":
                    member.transfer = release(member.transfer)
        else:
            declaration.name = symbols.get(declaration.name, declaration.name)
            if isinstance(declaration, Function):
                type = declaration.signature.type
                set_signature(declaration, signature_with(type, transfers=tuple(map(release, type.transfers))))
    module.types = {d.name: d for d in module.order if isinstance(d, TypeDeclaration)}
    module.globals = {d.name: d for d in module.order if isinstance(d, Global)}
    module.functions = {d.name: d for d in module.order if isinstance(d, Function)}


def _release(symbols: dict[str, str]) -> Callable[[str | None], str | None]:
    """Renames the function in ``transfer_full(@f)``."""

    def change(transfer: str | None) -> str | None:
        if transfer is None:
            return None
        for old, new in symbols.items():
            if transfer.endswith(f"(@{old})"):
                return transfer.removesuffix(f"(@{old})") + f"(@{new})"
        return transfer

    return change


def _operations(module: Module) -> Iterator[Operation]:
    for function in module.functions.values():
        yield from function.operations()
