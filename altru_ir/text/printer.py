"""The printer: a module as text that parses back to the same module.

Values and blocks without a name get a number, a name used twice in one function gets a suffix, and one that is no
spelling of a name (``value.name = "a b"``) is quoted; this happens once, before the function is printed, so that printing
is one pass over operations. Comments stand where they stood.

Example: ``str(air.parse(str(m))) == str(m)``.

Invariant: equal modules print equal bytes; nothing depends on hash order or on addresses. An operation that a pass has left
without its parts is printed as ``<malformed ...>``, for that pass's author to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from altru_ir.module import Block, Function, Global, Module, TypeDeclaration
from altru_ir.source import Location, shown_name
from altru_ir.text.lexer import QUOTED, unquote
from altru_ir.text.spelling import spell_literal
from altru_ir.types import UNIT, spell_name, spell_result, spell_string, spell_transferred, spell_word
from altru_ir.values import Operation, Value

HEADER = "altru 1\n"


def print_module(module: Module, locations: bool = False) -> str:
    """The text of ``module``; with ``locations`` every operation shows its position."""
    attributes = dict(module.attributes)
    attributes["target"] = module.target
    chunks = [HEADER + f"module @{spell_name(module.name)} {spell_attributes(attributes)}\n"]
    for declaration in module.order:
        if isinstance(declaration, Function):
            chunks.append(print_function(declaration, locations))
        elif isinstance(declaration, TypeDeclaration):
            line = _behind(print_type_declaration(declaration), declaration.behind)
            chunks.append(_comment_lines(declaration.comments) + line)
        else:
            chunks.append(_comment_lines(declaration.comments) + _behind(print_global(declaration), declaration.behind))
    if module.trailing_comments:
        chunks.append(_comment_lines(module.trailing_comments))
    return "\n".join(chunks)


def _comment_lines(comments: list[str], indent: str = "") -> str:
    return "".join([f"{indent}//{line}\n" for text in comments for line in _lines(text)])


def _behind(text: str, comment: str | None) -> str:
    return text if comment is None else f"{text[:-1]} //{_on_one_line(comment)}\n"


def _lines(comment: str) -> list[str]:
    """A comment that was made elsewhere may have several lines."""
    return comment.split("\n") if "\n" in comment else [comment]


def _on_one_line(comment: str) -> str:
    return comment.replace("\n", " ") if "\n" in comment else comment


def spell_attributes(attributes: dict[str, Any]) -> str:
    """``{word, name = literal}``."""
    shown = [spell_word(k) if v is True else f"{spell_word(k)} = {spell_literal(v)}" for k, v in attributes.items()]
    return "{" + ", ".join(shown) + "}"


def _regions(regions: tuple[str, ...], outlives: tuple[tuple[str, str], ...]) -> str:
    if not regions:
        return ""
    shown = []
    for region in regions:
        bounds = [shorter for longer, shorter in outlives if longer == region]
        shown.append(region + (": " + " + ".join(bounds) if bounds else ""))
    return f"<{', '.join(shown)}>"


def print_type_declaration(declaration: TypeDeclaration) -> str:
    """One line for a struct, enum or union."""
    members = []
    for member in declaration.members:
        name = spell_word(member.name)
        if declaration.kind == "enum":
            members.append(name if member.type is UNIT else f"{name}({member.type})")
        else:
            constant = "const " if member.constant else ""
            members.append(f"{constant}{name}: {spell_transferred(member.type, member.transfer)}")
    text = f"{declaration.kind} @{spell_name(declaration.name)}{_regions(declaration.regions, declaration.outlives)}"
    text += " { " + ", ".join(members) + " }" if members else " {}"
    if declaration.drop is not None:
        text += f" drop @{spell_name(declaration.drop)}"
    if declaration.representation is not None:
        text += f" repr({declaration.representation})"
    if declaration.asserts:
        text += f" unsafe({', '.join(declaration.asserts)})"
    if declaration.attributes:
        text += " " + spell_attributes(declaration.attributes)
    return text + "\n"


def print_global(declaration: Global) -> str:
    """One line for a global."""
    linkage = "" if declaration.linkage == "public" else declaration.linkage + " "
    mode = "" if declaration.mode == "const" else declaration.mode + " "
    text = f"{linkage}global {mode}@{spell_name(declaration.name)} : {declaration.type}"
    if declaration.initial is not None:
        text += f" = {spell_literal(declaration.initial)}"
    if declaration.attributes:
        text += " " + spell_attributes(declaration.attributes)
    return text + "\n"


def print_header(function: Function) -> str:
    """The signature of a function as it heads its text."""
    assign_names(function)
    type = function.signature.type
    parameters = [
        f"%{p.name}: {spell_transferred(t, how)}"
        for p, t, how in zip(function.parameters, type.parameters, type.transfers, strict=False)
    ]
    if type.variadic:
        parameters.append("...")
    linkage = "" if function.linkage == "public" else function.linkage + " "
    abi = "" if type.abi is None else f'extern "{type.abi}" '
    regions = _regions(type.binder, function.signature.outlives)
    text = f"{linkage}{abi}func @{spell_name(function.name)}{regions}({', '.join(parameters)})"
    text += spell_result(type)
    if function.attributes:
        text += " " + spell_attributes(function.attributes)
    return text


def assign_names(function: Function) -> None:
    """Gives every value and block of ``function`` a name of its own."""
    names = [parameter.name for parameter in function.parameters]
    labels: list[str | None] = []
    operations: list[Operation] = []
    for block in function.blocks:
        labels.append(block.label)
        operations += block.ops
        if block.args:
            names += [argument.name for argument in block.args]
    names += [value.name for op in operations for value in op.results]
    distinct = set(names)
    if len(distinct) != len(names) or None in distinct or not _are_spellings(distinct):
        for value in _values(function):
            value.name = _spelled(value.name)
        _assign_value_names(function)
    given = set(labels)
    if len(given) != len(labels) or None in given or not _are_spellings(given):
        for block in function.blocks:
            block.label = _spelled(block.label)
        _assign_labels(function)


_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789.$"
_STRING = re.compile(QUOTED)


def _are_spellings(names: set[str | None]) -> bool:
    """Whether each name may stand behind a sigil as it is. Most are plain, and a look at all their characters tells that."""
    if "" in names:
        return False
    try:
        joined = "".join(names)  # type: ignore[arg-type]
    except TypeError:
        return False
    return not joined.encode("utf-8", "surrogatepass").translate(None, _PLAIN) or all(_spelled(name) == name for name in names)


def _spelled(name: str | None) -> str | None:
    """The spelling of what somebody has set as a name: a spelling already, or the name itself."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise TypeError(f"a name is a text, not {name!r}")
    if _STRING.fullmatch(name):
        try:
            return spell_name(unquote(name))
        except ValueError:  # an unknown escape: no spelling
            pass
    return spell_name(shown_name(name))


def _assign_value_names(function: Function) -> None:
    taken: set[str] = set()
    unnamed: list[Value] = []
    clashing: list[Value] = []
    for value in _values(function):
        name = value.name
        if name is None:
            unnamed.append(value)
        elif name in taken:
            clashing.append(value)
        else:
            taken.add(name)
    number = 0
    for value in unnamed:
        while str(number) in taken:
            number += 1
        value.name = str(number)
        number += 1
    suffixes: dict[str, int] = {}
    for value in clashing:
        value.name = _suffixed(value.name or "", taken, suffixes)


def _values(function: Function) -> Iterator[Value]:
    yield from function.parameters
    for block in function.blocks:
        yield from block.args
        for op in block.ops:
            yield from op.results


def _assign_labels(function: Function) -> None:
    labels = {block.label for block in function.blocks if block.label is not None}
    seen: set[str] = set()
    suffixes: dict[str, int] = {}
    number = 0
    for block in function.blocks:
        if block.label is None:
            while f"b{number}" in labels:
                number += 1
            block.label = f"b{number}"
            labels.add(block.label)
        elif block.label in seen:
            block.label = _suffixed(block.label, labels, suffixes)
        seen.add(block.label)


def _suffixed(name: str, taken: set[str], suffixes: dict[str, int]) -> str:
    quoted = name.startswith('"')
    stem = name[1:-1] if quoted else name
    number = suffixes.get(name, 1)
    while True:
        made = f'"{stem}.{number}"' if quoted else f"{stem}.{number}"
        number += 1
        if made not in taken:
            suffixes[name] = number
            taken.add(made)
            return made


def print_function(function: Function, locations: bool = False) -> str:
    """The text of a function, its comments included."""
    text = _comment_lines(function.leading_comments) + print_header(function)
    if function.is_declaration:
        return _behind(text + "\n", function.behind)
    lines = [text + " {"]
    add = lines.append
    comments = function.comments
    for block in function.blocks:
        line = print_label(block)
        if comments and block in comments:
            _with_comments(lines, comments[block], "", line)
        else:
            add(line)
        for op in block.ops:
            line = print_operation(op, locations, "  ")
            if comments and op in comments:
                _with_comments(lines, comments[op], "  ", line)
            else:
                add(line)
    lines.extend(f"  //{line}" for text in function.trailing_comments for line in _lines(text))
    add(_behind("}\n", function.behind))
    return "\n".join(lines)


def _with_comments(lines: list[str], comments: Any, indent: str, line: str) -> None:
    lines.extend(f"{indent}//{each}" for text in comments.before for each in _lines(text))
    lines.append(line if comments.behind is None else f"{line} //{_on_one_line(comments.behind)}")


def print_label(block: Block) -> str:
    """``^name(%a: T) unwind ^cleanup:``."""
    text = f"^{block.label}"
    if block.args:
        text += "(" + ", ".join([f"%{a.name}: {a.type.text}" for a in block.args]) + ")"
    if block.unwind is not None:
        text += f" unwind ^{block.unwind.label}"
    return text + ":"


def print_operation(op: Operation, locations: bool = False, indent: str = "") -> str:
    """The line of an operation."""
    decl = op.decl
    try:
        text = decl.spell(op)
    except (AttributeError, IndexError, KeyError, TypeError):
        text = _malformed(op)
    results = op.results
    if results:
        if len(results) == 1:
            text = f"{indent}%{results[0].name} = {text}"
        else:
            text = indent + ", ".join(["%" + (r.name or "?") for r in results]) + " = " + text
    else:
        text = indent + text
    attrs = op.attrs
    if attrs and not attrs.keys() <= decl.inherent:
        text += " " + spell_attributes({k: v for k, v in attrs.items() if k not in decl.inherent})
    if op.unsafe:
        text += " unsafe"
    if decl.written is not None:
        try:
            type: Any = results[0].type
            if decl.written.place:
                type = type.target
            text += " : " + type.text
        except (AttributeError, IndexError, TypeError):
            text += " : <malformed>"
    loc: Any = op.loc
    if locations and loc is not None:
        loc = op.location
    if isinstance(loc, Location):
        text += spell_location(loc)
    return text


def _malformed(op: Operation) -> str:
    """An operation that does not have what its format shows, or things of other kinds."""
    shown = [f"%{v.name or '?'}" if isinstance(v, Value) else repr(v) for v in op.operands or ()]
    shown += [f"{key} = {value!r}" for key, value in (op.attrs or {}).items()]
    shown += [f"^{getattr(getattr(s, 'block', None), 'label', '?')}" for s in op.successors or ()]
    return f"<malformed {op.decl.name}{': ' if shown else ''}{', '.join(shown)}>"


def spell_location(location: Location) -> str:
    """`` loc("file":line:column)``."""
    column = f":{location.column}" if location.column else ""
    return f" loc({spell_string(shown_name(location.file))}:{location.line}{column})"
