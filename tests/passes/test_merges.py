"""Where values meet, against iterated dominance frontiers by networkx, and promotion of places against both."""

from __future__ import annotations

import random

import networkx
import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.cfg import ControlFlowGraph
from altru_ir.passes.transform.merges import merges


def shape(choose: random.Random, blocks: int, reducible: bool) -> ControlFlowGraph:
    """A function of blocks that branch at random; back edges anywhere, or only to blocks that dominate."""
    m = air.parse("func @f(%c: i1) {\n^entry:\n  br ^b1\n" + "".join(
        f"^b{k}:\n  cond_br %c, ^b{choose.randint(1 if not reducible else k, blocks)}, ^b{choose.randint(1, blocks)}\n"
        for k in range(1, blocks)
    ) + f"^b{blocks}:\n  ret\n}}\n")  # fmt: skip
    return m.functions["f"].cfg()


def iterated_frontier(cfg: ControlFlowGraph, defined: set[int]) -> set[int]:
    """By the textbook: frontiers of the blocks, and of the blocks found."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(b for b in range(len(cfg.blocks)) if cfg.dominators.reachable(b))
    graph.add_edges_from((b, s) for b in graph.nodes for s in cfg.successors[b])
    frontiers = networkx.dominance_frontiers(graph, 0)
    found: set[int] = set()
    work = [b for b in defined if b in graph]
    while work:
        for each in frontiers[work.pop()]:
            if each not in found:
                found.add(each)
                work.append(each)
    return found


@pytest.mark.parametrize("reducible", [False, True])
def test_merges_are_iterated_dominance_frontiers(reducible: bool) -> None:
    for seed in range(150):
        choose = random.Random(seed)
        cfg = shape(choose, choose.randint(2, 14), reducible)
        variables = [set(choose.sample(range(len(cfg.blocks)), choose.randint(1, 3))) for _ in range(6)]
        defined = [sum(1 << v for v, blocks in enumerate(variables) if b in blocks) for b in range(len(cfg.blocks))]
        found = merges(cfg, defined)
        for v, blocks in enumerate(variables):
            reachable = {b for b in blocks if cfg.dominators.reachable(b)}
            assert {b for b in range(len(cfg.blocks)) if found[b] >> v & 1} == iterated_frontier(cfg, reachable), seed


def nested(depth: int) -> str:
    """Loops one inside the other, each with a counter in a local that is declared in the entry block."""
    lines = ["func @f(%n: i64) -> i64 {", "^entry:", "  %zero = const 0 : i64", "  %one = const 1 : i64"]
    for k in range(depth):
        lines += [f"  %i{k} = local : i64", f"  init %i{k}, %zero"]
    lines.append("  br ^head0")
    for k in range(depth):
        lines += [f"^head{k}:", f"  %v{k} = load %i{k}", f"  %t{k} = icmp ult %v{k}, %n"]
        lines += [f"  cond_br %t{k}, ^enter{k}, ^leave{k}", f"^enter{k}:"]
        if k + 1 < depth:
            lines += [f"  assign %i{k + 1}, %zero", f"  br ^head{k + 1}"]
        else:
            lines.append(f"  br ^next{k}")
    for k in reversed(range(depth)):
        lines += [
            f"^next{k}:",
            f"  %w{k} = load %i{k}",
            f"  %x{k} = add %w{k}, %one",
            f"  assign %i{k}, %x{k}",
            f"  br ^head{k}",
        ]
        lines += [f"^leave{k}:", f"  br ^next{k - 1}" if k else "  ret %v0"]
    return "\n".join([*lines, "}\n"])


def test_five_thousand_nested_loops() -> None:
    """One argument at the head of each loop and nowhere else; the text is 60,000 operations."""
    m = air.parse(nested(5000))
    manager = passes.run(m, "mem2reg")
    f = m.functions["f"]
    assert manager.statistics["mem2reg"]["block arguments added"] == 5000
    assert {block.label for block in f.blocks if block.args} == {f"head{k}" for k in range(5000)}
    assert air.verify(m) == []


def test_loops_that_overlap() -> None:
    """Irreducible: two blocks that lead to each other, entered at both."""
    m = air.parse("""
func @f(%c: i1, %a: i32, %b: i32) -> i32 {
^entry:
  %x = local : i32
  init %x, %a
  cond_br %c, ^left, ^right
^left:
  %l = load %x
  %l2 = add %l, %a
  assign %x, %l2
  cond_br %c, ^right, ^done
^right:
  %r = load %x
  %r2 = sub %r, %b
  assign %x, %r2
  cond_br %c, ^left, ^done
^done:
  %d = load %x
  ret %d
}
""")
    passes.run(m, "mem2reg", verify_each=True)
    assert [len(block.args) for block in m.functions["f"].blocks] == [0, 1, 1, 1]
