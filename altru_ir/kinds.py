"""Is a module made of what modules are made of? Python lets anybody write ``op.operands[0] = None``.

    function.linkage = "secret"
    list(declaration_problems(function)) == ["the linkage of @f is `public` or `private`, not 'secret'"]

Two questions, both for the verifier (its rule 18): ``declaration_problems`` asks of a declaration what the grammar of
its header would refuse, and is asked always; ``misfits`` looks at each object that a module holds, and is asked where the walk
over operations broke on something: a walk that looked at the kind of each operand would take half as long again.

Invariant: a declaration without problems prints as text that parses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from types import NoneType
from typing import Any

from altru_ir.declare import Declaration, Literal, Name, SymbolOf, TypeOf, WordOf
from altru_ir.literals import is_literal
from altru_ir.module import Block, Field, Function, Global, Signature, TypeDeclaration, Variant
from altru_ir.source import Location, has_text
from altru_ir.types import FunctionType, Type, are_transfers, spell_name
from altru_ir.values import Operation, Successor, Value

_REGION = re.compile(r"'(?!(?:static|_)\Z)[A-Za-z_]\w*")
_LINKAGES = ("public", "private")
_MODES = ("const", "mut", "thread_local")
_KINDS = {"struct": Field, "union": Field, "enum": Variant}
_ASSERTED = ("send", "share")

Found = tuple[str, Location | None, Function | None]
"""What is wrong, where, and in which function."""


def _is(given: Any, kind: Any) -> bool:
    """``isinstance``, of which a type checker draws no conclusions: here nothing is what its annotation says."""
    return isinstance(given, kind)


def order_problems(module: Any) -> Iterator[str]:
    """Where the declarations by name are not those in order."""
    if not _is(module.name, str):
        yield f"the name of the module is {module.name!r}, and no text"
    tables: list[dict[str, Any]] = [module.types, module.globals, module.functions]
    names = [name for table in tables for name in table if _is(name, str)]
    if not has_text("".join(names)):  # one of a million
        for name in names:
            if not has_text(name):
                yield f"the name {name!a} holds half of a surrogate pair, which no text can say"
        return
    held = [each for table in tables for each in table.values()]
    called = [getattr(each, "name", None) for each in held]
    distinct = {*map(id, held)}
    is_once = len(distinct) == len(held) == len(module.order) and distinct == {*map(id, module.order)}
    if is_once and called == [name for table in tables for name in table]:
        yield from _attribute_problems(module.attributes, "the module")
        return
    ordered = Counter(id(each) for each in module.order)
    for table in tables:
        for name, each in table.items():
            if getattr(each, "name", None) != name:
                yield f"what the module holds as @{name} is called {_spelled(getattr(each, 'name', None))}"
            elif ordered.pop(id(each), 0) != 1:
                yield f"{_spelled(name)} does not stand once in the order of the module's declarations"
    for each in module.order:
        if id(each) in ordered:
            its = getattr(each, "name", None)
            yield f"{each!r} is no declaration" if its is None else f"{_spelled(its)} stands in no table of the module"
    yield from _attribute_problems(module.attributes, "the module")


def _spelled(name: object) -> str:
    return f"@{spell_name(name)}" if isinstance(name, str) else repr(name)


def _is_plain(function: Any) -> bool:
    """Whether a function is like most, of which there may be many: nothing of it needs a closer look."""
    signature = function.signature
    type = signature.type if signature.__class__ is Signature else None
    if type.__class__ is not FunctionType or type.binder or type.variadic or function.attributes:
        return False
    if function.parameters.__class__ is not list or function.blocks.__class__ is not list:
        return False
    if function.linkage not in _LINKAGES or len(type.transfers) != len(type.parameters) + 1:
        return False
    for parameter, written in zip(function.parameters, type.parameters):
        if parameter.__class__ is not Value or parameter.type is not written or parameter.owner is not function:
            return False
    return True


def declaration_problems(declaration: Any) -> Iterator[str]:
    """What of a declaration no text could say."""
    if declaration.__class__ is Function and _is_plain(declaration):
        return
    name = _spelled(declaration.name)
    if _is(declaration, TypeDeclaration):
        yield from _type_problems(declaration, name)
    else:
        if declaration.linkage not in _LINKAGES:
            yield f"the linkage of {name} is `public` or `private`, not {declaration.linkage!r}"
        if _is(declaration, Global):
            if declaration.mode not in _MODES:
                yield f"the mode of {name} is one of {', '.join(_MODES)}, not {declaration.mode!r}"
            if not _is(declaration.type, Type):
                yield f"the type of {name} is {declaration.type!r}, and no type"
        else:
            yield from _signature_problems(declaration, name)
    if declaration.attributes != {}:
        yield from _attribute_problems(declaration.attributes, name)


def _type_problems(declaration: Any, name: str) -> Iterator[str]:
    kind = _KINDS.get(declaration.kind) if _is(declaration.kind, str) else None
    for what in ("members", "regions", "outlives", "asserts"):
        given = getattr(declaration, what)
        if not _is(given, (list, tuple)):
            yield f"the {what} of {name} are {given!r}, and no list"
            return
    for clause in declaration.outlives:
        if not _is(clause, tuple) or len(clause) != 2:
            yield f"{name} says by {clause!r} what outlives what, and by no pair of regions"
            return
    if not _is(declaration.drop, (str, NoneType)):
        yield f"the destructor of {name} is {declaration.drop!r}, and no name"
        return
    if kind is None:
        yield f"{name} is a struct, an enum or a union, and no {declaration.kind!r}"
        return
    seen: set[str] = set()
    member: Any
    for member in declaration.members:
        named = _is(member, kind) and _is(member.name, str) and has_text(member.name)
        if not named or not _is(member.type, Type):
            yield f"{name} has {member!r} among its members, and no {kind.__name__} with a name and a type"
        elif member.name in seen:
            yield f"`{member.name}` is declared twice in {name}"
        elif _is(member, Field) and not are_transfers((member.transfer,)):
            yield f"`{member.name}` of {name} says {member.transfer!r} of who owns what it points to; `borrowed` is one answer"
        else:
            seen.add(member.name)
    yield from _region_problems(declaration.regions, name)
    if declaration.representation not in (None, "c"):
        yield f"there is no representation {declaration.representation!r} for {name}; the one there is is `c`"
    for mark in declaration.asserts:
        if mark not in _ASSERTED:
            yield f"{mark!r} cannot be asserted of {name}; `send` and `share` can"


def _signature_problems(function: Any, name: str) -> Iterator[str]:
    for what in ("parameters", "blocks"):
        given = getattr(function, what)
        if not _is(given, list):
            yield f"the {what} of {name} are {given!r}, and no list"
            return
    signature: Any = function.signature
    type: Any = signature.type if _is(signature, Signature) else None
    if not _is(type, FunctionType):
        yield f"the signature of {name} is {signature!r}"
        return
    if type.binder:
        yield from _region_problems(type.binder, name)
    if type.variadic and type.abi is None:
        yield f'{name} takes `...`, which only `extern "C"` functions do'
    if len(type.transfers) != len(type.parameters) + 1:
        yield f"{name} says {len(type.transfers)} times who owns what, for {len(type.parameters)} parameters and a result"
    for parameter, written in zip(function.parameters, type.parameters):
        if not _is(parameter, Value) or not _is(parameter.type, Type):
            yield f"a parameter of {name} is {parameter!r}, and no value of a type"
        elif parameter.type is not written and parameter.type.erased is not written.erased:
            yield f"parameter {_value(parameter)} of {name} has type `{parameter.type}`, in the signature `{written}`"
        elif parameter.owner is not function:
            yield f"parameter {_value(parameter)} of {name} belongs to something else"


def _region_problems(regions: tuple[str, ...], name: str) -> Iterator[str]:
    for region, count in Counter(regions).items():
        if not _is(region, str) or not _REGION.fullmatch(region):
            yield f"{name} declares {region!r}, which is no region: those are written as `'a`"
        elif count > 1:
            yield f"region {region} is declared twice in {name}"


def _attribute_problems(attributes: dict[Any, Any], of: str) -> Iterator[str]:
    if not _is(attributes, dict):
        yield f"the attributes of {of} are {attributes!r}, and no dictionary"
        return
    for key, value in attributes.items():
        if not _is(key, str):
            yield f"an attribute of {of} is called {key!r}, and by no text"
        elif not is_literal(value):
            yield f"attribute `{key}` of {of} is {value!r}, and no literal"


def misfits(module: Any) -> Iterator[Found]:
    """Each object in a body that is not of the kind that belongs there, in text order."""
    for function in module.functions.values():
        for block in function.blocks:
            if not _is(block, Block):
                yield f"a block of @{function.name} is {block!r}, and no block", function.location, function
                continue
            if not _is(block.unwind, (Block, NoneType)):
                yield f"the unwind target of ^{block.label} is {block.unwind!r}, and no block", block.location, function
            for argument in block.args:
                if not _is(argument, Value) or not _is(argument.type, Type):
                    yield f"an argument of ^{block.label} is {argument!r}, and no value of a type", block.location, function
            for op in block.ops:
                if not _is(op, Operation):
                    yield f"an operation in ^{block.label} is {op!r}, and no operation", block.location, function
                    continue
                if not _is(op.decl, Declaration):
                    yield f"an operation in ^{block.label} is declared by {op.decl!r}", op.location, function
                    continue
                for problem in _misfits_of(op):
                    yield f"`{op.name}`: {problem}", op.location, function


def _misfits_of(op: Any) -> Iterator[str]:
    """What of an operation is of a wrong kind."""
    for what, given in (("operands", op.operands), ("results", op.results), ("successors", op.successors)):
        if not _is(given, (list, tuple)):
            yield f"the {what} are {given!r}, and no list"
            return
    for operand in op.operands:
        if not _is(operand, Value):
            yield f"an operand is {operand!r}, and no value"
    for result in op.results:
        if not _is(result, Value) or not _is(result.type, Type):
            yield f"a result is {result!r}, and no value of a type"
    for edge in op.successors:
        if not _is(edge, Successor):
            yield f"a successor is {edge!r}, and no edge to a block"
        elif not _is(edge.block, Block):
            yield f"a successor leads to {edge.block!r}, and to no block"
        elif not _is(edge.args, (list, tuple)) or not all(_is(v, Value) for v in edge.args):
            yield f"the edge to ^{edge.block.label} hands over {edge.args!r}, and not values alone"
    if not _is(op.attrs, dict):
        yield f"the attributes are {op.attrs!r}, and no dictionary"
        return
    yield from _attribute_problems(op.attrs, "it")
    for element in op.decl.elements.values():
        given = op.attrs.get(element.name)
        if _is(element, (Name, SymbolOf, WordOf)) and not _is(given, str):
            yield f"its `{element.name}` is {given!r}, and no name"
        elif _is(element, TypeOf) and not _is(given, Type):
            yield f"its `{element.name}` is {given!r}, and no type"
        elif _is(element, Literal) and element.name in op.attrs and not is_literal(given):
            yield f"its `{element.name}` is {given!r}, and no literal"


def _value(value: Value) -> str:
    return f"%{value.name or '?'}"


__all__ = ["declaration_problems", "misfits", "order_problems"]
