"""Pictures of control-flow graphs: as DOT for graphviz, and as SVG that needs nothing but a browser.

    altru-opt sum.air --view-cfg=sum.svg

A block is a box with its operations. In the SVG blocks stand in rows: a block below all that lead to it, back edges aside;
within a row they are ordered by where the edges come from (the barycenters of Sugiyama, Tagawa, Toda, Methods for Visual
Understanding of Hierarchical System Structures, 1981). Edges that go back run along the right; unwind edges are dashed.

Invariant: the same function gives the same bytes; every block and edge of ``cfg.graph`` is drawn once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.loops import Loops
from altru_ir.text.printer import assign_names, print_header, print_label, print_operation

MOST_LINES = 24
CHARACTER, LINE, GAP, ROW, MARGIN = 7, 15, 28, 44, 20


def _lines(block: Block) -> list[str]:
    """What stands in the box of a block."""
    lines = [print_label(block), *(f"  {print_operation(op)}" for op in block.ops)]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 2], f"  ... {len(lines) - MOST_LINES + 1} more", lines[-1]]
    return [line if len(line) <= 80 else line[:77] + "..." for line in lines]


def _edge_labels(block: Block) -> dict[str, str]:
    """What stands at the edges to other blocks: the way a branch goes."""
    found: dict[str, list[str]] = {}
    edges = block.ops[-1].successors
    names = ("true", "false") if block.ops[-1].name == "cond_br" else ()
    for index, edge in enumerate(edges):
        text = names[index] if names else "" if edge.case is None else str(edge.case)
        found.setdefault(str(edge.block.label), []).append(text or ("else" if len(edges) > 1 and not names else ""))
    return {label: ", ".join(filter(None, texts)) for label, texts in found.items()}


# -- DOT -----------------------------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def dot(module: Module) -> str:
    """The graphs of all functions with a body, in graphviz's language."""
    lines = [
        f"digraph {_quoted(module.name)} {{",
        '  node [shape=box, fontname="monospace", fontsize=10];',
        "  edge [fontsize=10];",
    ]
    for number, function in enumerate(f for f in module.functions.values() if not f.is_declaration):
        graph = function.cfg().graph
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(print_header(function))};"]

        def node(label: str, prefix: str = function.name) -> str:
            return _quoted(f"{prefix}:{label}")

        for label, data in graph.nodes(data=True):
            text = "".join(_quoted(line)[1:-1] + "\\l" for line in _lines(data["block"]))
            lines.append(f'    {node(label)} [label="{text}"];')
        for source, target, data in graph.edges(data=True):
            said = _edge_labels(graph.nodes[source]["block"]).get(target, "")
            style = "style=dashed, color=red" if data["kind"] == "unwind" else f"label={_quoted(said)}" if said else ""
            lines.append(f"    {node(source)} -> {node(target)}{f' [{style}]' if style else ''};")
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


# -- SVG -----------------------------------------------------------------------------------------------------------------------


def rows(cfg: ControlFlowGraph) -> list[list[int]]:
    """The blocks in rows: every edge goes down but those to the header of a loop around their source. Blocks that control does
    not reach stand in rows of their own below."""
    loops = Loops(cfg)
    row = [0] * len(cfg.blocks)
    order = [*loops.order, *(b for b in range(len(cfg.blocks)) if loops.place[b] < 0)]
    place = {block: at for at, block in enumerate(order)}
    for block in order:
        above = [row[p] for p in cfg.predecessors[block] if place[p] < place[block]]
        row[block] = max(above, default=-1) + 1
        if loops.place[block] < 0:
            row[block] = max(row[block], max((row[b] for b in loops.order), default=-1) + 1)
    found: list[list[int]] = [[] for _ in range(max(row, default=-1) + 1)]
    for block in order:
        found[row[block]].append(block)
    at = dict.fromkeys(range(len(cfg.blocks)), 0.0)
    for each in found:
        centers = {}
        for index, block in enumerate(each):
            above_at = [at[p] for p in cfg.predecessors[block] if row[p] < row[block]]
            centers[block] = (sum(above_at) / len(above_at) if above_at else float(index), index)
        each.sort(key=centers.__getitem__)
        for index, block in enumerate(each):
            at[block] = index - (len(each) - 1) / 2
    return found


class _Canvas:
    """Shapes, and how large the picture has become."""

    def __init__(self) -> None:
        self.shapes: list[str] = []
        self.width = 0.0
        self.height = float(MARGIN)

    def text(self, x: float, y: float, lines: Iterable[str], kind: str) -> None:
        for index, line in enumerate(lines):
            space = ' xml:space="preserve"'
            self.shapes.append(f'<text class="{kind}" x="{x:.0f}" y="{y + index * LINE:.0f}"{space}>{escape(line)}</text>')
            self.width = max(self.width, x + len(line) * CHARACTER + MARGIN)

    def function(self, function: Function) -> None:
        cfg = function.cfg()
        graph: Any = cfg.graph
        self.text(MARGIN, self.height + LINE, [print_header(function)], "head")
        top = self.height + 2 * LINE + MARGIN
        texts = [_lines(block) for block in cfg.blocks]
        width = [max(map(len, lines)) * CHARACTER + 16 for lines in texts]
        height = [len(lines) * LINE + 10 for lines in texts]
        layers = rows(cfg)
        widest = max((sum(width[b] + GAP for b in layer) for layer in layers), default=0)
        x, y = [0.0] * len(texts), [0.0] * len(texts)
        for layer in layers:
            left = MARGIN + (widest - sum(width[b] + GAP for b in layer)) / 2
            for block in layer:
                x[block], y[block] = left, top
                left += width[block] + GAP
            top += max(height[b] for b in layer) + ROW
        for block, lines in enumerate(texts):
            self.shapes.append(
                f'<rect x="{x[block]:.0f}" y="{y[block]:.0f}" width="{width[block]}" height="{height[block]}" rx="3"/>'
            )
            self.text(x[block] + 8, y[block] + LINE, lines, "code")
        side = MARGIN + widest
        number = {block.label: at for at, block in enumerate(cfg.blocks)}
        for source, target, data in graph.edges(data=True):
            a, b = number[source], number[target]
            begin = (x[a] + width[a] / 2, y[a] + height[a])
            end = (x[b] + width[b] / 2, y[b])
            if end[1] > begin[1]:
                bend = (begin[1] + end[1]) / 2
                path = (
                    f"M{begin[0]:.0f},{begin[1]:.0f} C{begin[0]:.0f},{bend:.0f} {end[0]:.0f},{bend:.0f} "
                    f"{end[0]:.0f},{end[1]:.0f}"
                )
            else:  # back, along the right side
                side += 10
                right = x[b] + width[b]
                path = (
                    f"M{x[a] + width[a]:.0f},{begin[1] - 8:.0f} C{side:.0f},{begin[1] - 8:.0f} {side:.0f},{end[1] + 8:.0f} "
                    f"{right:.0f},{end[1] + 8:.0f}"
                )
            self.shapes.append(f'<path class="{data["kind"]}" d="{path}" marker-end="url(#arrow)"/>')
            said = "" if data["kind"] == "unwind" else _edge_labels(graph.nodes[source]["block"]).get(target, "")
            if said:
                self.text((begin[0] + end[0]) / 2 + 4, (begin[1] + end[1]) / 2, [said], "edge")
        self.width = max(self.width, side + MARGIN)
        self.height = top


STYLE = """\
rect { fill: #fff; stroke: #444 } text { font: 12px monospace; fill: #111 } .head { font-weight: bold } .edge { fill: #555 }
path { fill: none; stroke: #444 } .unwind { stroke: #b00; stroke-dasharray: 4 3 }"""


def svg(what: Module | Function) -> str:
    """The graph of a function, or of all functions with a body, one below the other, as a picture."""
    canvas = _Canvas()
    for function in [what] if isinstance(what, Function) else what.functions.values():
        if not function.is_declaration:
            assign_names(function)
            canvas.function(function)
    arrow = '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{canvas.width:.0f}" height="{canvas.height:.0f}">'
    body = [head, f"<style>{STYLE}</style>", f'<defs>{arrow}<path d="M0,0 L8,4 L0,8 z" style="fill:#444"/></marker></defs>']
    return "\n".join([*body, *canvas.shapes, "</svg>"]) + "\n"


class Picture:
    """A picture that a notebook shows; ``str`` is its SVG."""

    def __init__(self, svg: str) -> None:
        self._svg = svg

    def __str__(self) -> str:
        return self._svg

    def _repr_svg_(self) -> str:
        """How a notebook shows it."""
        return self._svg
