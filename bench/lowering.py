"""How many times faster than ``llvmlite.ir`` is a module lowered to LLVM's text?

The programs of 50,000 operations of ``bench/shapes.py``: ``lower_module`` writes the text; the peer builds the same
instructions, blocks and phis with ``llvmlite.ir.IRBuilder`` and writes its text, which LLVM parses either way. CPU time, the
two in turn, the median of the ratios, and beside it the instructions, ours over the peer's. LLVM accepts both texts, and
finds as many instructions in both.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.growth import instructions_of
from bench.harness import Row
from bench.shapes import SHAPES
from bench.text import cpu_time

SIZE, QUICK_SIZE = 50_000, 5_000
ROUNDS, QUICK_ROUNDS = 5, 3
BAR = 10.0
NAMES = {"and": "and_", "or": "or_"}


def built(module: Any) -> str:
    """The text of ``module`` as llvmlite writes it."""
    from llvmlite import ir

    made = ir.Module(name=module.name)
    types = {f"i{bits}": ir.IntType(bits) for bits in (1, 8, 16, 32, 64)}
    for function in module.functions.values():
        kind = ir.FunctionType(types["i64"], [types[str(p.type)] for p in function.parameters])
        target = ir.Function(made, kind, function.name)
        values = dict(zip(function.parameters, target.args, strict=True))
        blocks = {block: target.append_basic_block(block.label) for block in function.blocks}
        for block in function.blocks:
            builder = ir.IRBuilder(blocks[block])
            for argument in block.args:
                values[argument] = builder.phi(types[str(argument.type)], argument.name)
        for block in function.blocks:
            builder = ir.IRBuilder(blocks[block])
            for op in block.ops:
                name, operands = op.name, [values[v] for v in op.operands]
                if name == "const":
                    values[op.result] = ir.Constant(types[str(op.result.type)], op.attrs["value"])
                elif name == "icmp":
                    values[op.result] = builder.icmp_unsigned("<", *operands, name=op.result.name)
                elif name == "br":
                    builder.branch(blocks[op.successors[0].block])
                elif name == "cond_br":
                    builder.cbranch(operands[0], *(blocks[s.block] for s in op.successors))
                elif name == "ret":
                    builder.ret(operands[0])
                else:
                    values[op.result] = getattr(builder, NAMES.get(name, name))(*operands, name=op.result.name)
                for successor in op.successors:
                    for argument, value in zip(successor.block.args, successor.args, strict=True):
                        values[argument].add_incoming(values[value], blocks[block])
    return str(made)


def instructions_in(text: str) -> int:
    """As LLVM counts them."""
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    return sum(1 for f in module.functions for block in f.blocks for _ in block.instructions)


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Thousands of operations per second, and the ratio."""
    import altru_ir as air
    from altru_ir.backend.lower.module import lower_module

    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    for name, shape in SHAPES.items():
        if name == "nest":  # values are used before their blocks are built: the peer's order is the text's
            continue
        program = shape(size)
        module = air.parse(program.ours)
        ours, theirs = instructions_in(lower_module(module)), instructions_in(built(module))
        if ours != theirs:
            raise ValueError(f"{name}: {ours} instructions, but {theirs} of the peer")
        counts = (
            instructions_of(lambda module=module: lower_module(module)),
            instructions_of(lambda module=module: built(module)),
        )
        counted = {"instructions": float(counts[0]), "peer_instructions": float(counts[1])} if counts[0] and counts[1] else {}
        seconds, ratios = [], []
        for _ in range(rounds):
            seconds.append(cpu_time(lambda module=module: lower_module(module)))
            ratios.append(cpu_time(lambda module=module: built(module)) / seconds[-1])
        yield Row(
            name, "operations per second", program.operations / statistics.median(seconds) / 1000, "thousand", "higher",
            peer="llvmlite.ir", ratio=statistics.median(ratios), bar=BAR, samples=rounds, counted=counted,
        )  # fmt: skip
