"""The text of a function's blocks.

Most of a program is written here and now: operations that LLVM has under the same name, with two operands of one type, and
comparisons; small constants, which are operands and nothing else; branches. All others are written by their lowerings, and so
are these where somebody else's lowering stands for them, or where there is anything unusual about one.

    %y = mul %x, %c0            %y = mul i64 %x, 7
    br ^exit(%y)                br label %"exit-b"

Block arguments become phis, which are written last: only then is it known what all edges give, and from which of LLVM's blocks
they come, for a check splits the block it stands in.

Invariant: what is written here is what the lowering writes (tests/lower/test_text.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.backend.lower.debug_info import FunctionDebug, calls_located, located
from altru_ir.module import Block

if TYPE_CHECKING:
    from altru_ir.backend.lower.function import FunctionLowering


def write_blocks(f: FunctionLowering, order: list[Block]) -> int:
    """Writes the blocks of ``order``, the entry first; gives the line at which the entry's first instruction stands."""
    lines, labels, types, owner, debug, places = f.lines, f.labels, f.types, f.owner, f.debug, f.places
    heads_of, compared, lowering_of, limit_of = owner.heads, owner.compared, owner.lowerings, f.limits.get
    constant, compare, branch, choice = owner.usual
    arrivals = f.arrivals = {block: [] for block in order if block.args}
    cleanups = _only_after_panics(order)
    phis: list[tuple[int, Block]] = []
    begin = 0
    for block in order:
        f.block = block
        if cleanups:
            f.in_cleanup = block in cleanups
        label = f.label = labels[block]
        lines.append(label + ":")
        if not begin:
            begin = len(lines)
            f.unpack_parameters()
            if debug is not None:
                f.show(debug, f.function.parameters, None)
        if block.args:
            phis.append((len(lines), block))
            lines.append("")
        if debug is not None:
            _write_with_debug(f, block, debug)
            continue
        ops = block.ops
        for op in ops[:-1]:
            decl = op.decl
            heads = heads_of[decl]
            if heads is not None:
                lhs, rhs = op.operands
                try:
                    head = heads[lhs.type]
                except KeyError:
                    head = heads[lhs.type] = f" = {decl.name} {types[lhs.type]} "
                lines.append(f"  {op.results[0].spelled}{head}{lhs.spelled}, {rhs.spelled}")
                continue
            lowering = lowering_of[decl]
            if lowering is constant:
                value, result = op.attrs["value"], op.results[0]
                limit = limit_of(result.type)
                if limit is not None and value.__class__ is int and -limit <= value < limit:
                    result.spelled = f"{value}"
                    continue
            elif lowering is compare:
                lhs, rhs = op.operands
                try:
                    head = compared[decl][op.attrs["predicate"]][lhs.type]
                except KeyError:
                    how = op.attrs["predicate"]
                    head = f" = {decl.name} {how} {types[lhs.type]} "
                    compared.setdefault(decl, {}).setdefault(how, {})[lhs.type] = head
                lines.append(f"  {op.results[0].spelled}{head}{lhs.spelled}, {rhs.spelled}")
                continue
            at = len(lines)
            lowering(f, op)
            if places is not None:
                calls_located(lines, at, places.location(op))
        op = ops[-1]
        lowering = lowering_of[op.decl]
        if lowering is branch:
            (edge,) = op.successors
            target = edge.block
            if edge.args:
                arrivals[target].append((edge.args, f.label))
            lines.append(f"  br label %{labels[target]}")
            continue
        if lowering is choice and not op.attrs:
            edge, other = op.successors
            target, second = edge.block, other.block
            if target is not second:
                if edge.args:
                    arrivals[target].append((edge.args, f.label))
                if other.args:
                    arrivals[second].append((other.args, f.label))
                lines.append(f"  br i1 {op.operands[0].spelled}, label %{labels[target]}, label %{labels[second]}")
                continue
        at = len(lines)
        lowering(f, op)
        if places is not None:
            calls_located(lines, at, places.location(op))
    for at, block in phis:
        lines[at] = _phis(f, block)
    return begin


def _write_with_debug(f: FunctionLowering, block: Block, debug: FunctionDebug) -> None:
    """Writes the operations of ``block``, each with its place, and their results as variables of the debugger."""
    lines, unnamed = f.lines, f.owner.unnamed
    f.show(debug, [argument for argument in block.args if argument not in unnamed], None)
    for op in block.ops:
        begin = len(lines)
        f.owner.lowerings[op.decl](f, op)
        if not op.decl.is_terminator:
            f.show(debug, [value for value in op.results if value not in unnamed], op)
        located(lines, begin, debug.location(op))


def _phis(f: FunctionLowering, block: Block) -> str:
    """The phis of a block's arguments, once all edges are known."""
    lines, arrivals = [], f.arrivals[block]
    for at, argument in enumerate(block.args):
        type = f.types[argument.type]
        entries = " ], [ ".join([f"{values[at].spelled}, %{origin}" for values, origin in arrivals])
        made = f"phi {type} [ {entries} ]" if entries else f"freeze {type} poison"
        lines.append(f"  {argument.spelled} = {made}")
    return "\n".join(lines)


def _only_after_panics(order: list[Block]) -> set[Block]:
    """The blocks that are reached through an unwind edge alone, among the reachable ones (the entry first)."""
    for block in order:
        if block.unwind is not None:
            break
    else:
        return set()
    ordinary = {order[0]}
    work = [order[0]]
    while work:
        for successor in work.pop().ops[-1].successors:
            if successor.block not in ordinary:
                ordinary.add(successor.block)
                work.append(successor.block)
    return {block for block in order if block not in ordinary}
