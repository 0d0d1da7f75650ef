"""A declaration compiled: the functions that test and print an operation without interpreting its format.

    slice.len $slice                       ->  def spell(op): return f'slice.len %{op.operands[0].name}'

Both are generated as text when a declaration first needs them, in the way of ``attrs`` and ``dataclasses``.

Invariant: ``holds`` is true only where ``problems`` yields nothing; where one conjunction will not do, it asks ``problems``.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from altru_ir import types as _types
from altru_ir.declare.elements import (
    Callee,
    Cases,
    Element,
    Flag,
    InferenceError,
    Literal,
    Name,
    Operand,
    SymbolOf,
    Target,
    TypeOf,
    WordOf,
)
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.declare.declaration import Declaration
    from altru_ir.declare.formats import Item
    from altru_ir.module import Module


def _build(name: str, source: str, space: dict[str, Any]) -> Any:
    """Compiles ``source`` and returns its function ``name``; a debugger can step through it."""
    filename = f"<generated {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), space)
    return space[name]


def compile_holds(decl: Declaration) -> Callable[[Operation, Module], bool]:
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


def compile_spell(decl: Declaration) -> Callable[[Operation], str]:
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
