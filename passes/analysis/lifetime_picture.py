"""Lifetimes as bars beside the source, as SVG that needs nothing but a browser.

    altru-opt wrong.air --view-lifetimes=wrong.svg

    func @f<'a>(...) {      'a   0 %x
      %r = borrow %x         |    o       the loan begins (filled when it is exclusive)
      assign %x, %n          |    X       a conflict: the line is marked as well
      call @look(%r)         |    =       a last use
      ret                    |
    }                        |

At the left stand the operations of a function with their lines, then a bar for each region of its signature, which is all of
the body, and one for each loan: the rows from where it begins to where it is needed last, in pieces where control goes around
something. A cross ends it where a store puts something else into its path (a *kill*). Pointing at a bar tells what the notes of
``--print-analysis=lifetimes`` say.

Rules, cited by number in the code:
 1. a row is a line of the function's text: the signature, a label, an operation, the closing brace;
 2. a loan is needed in the row of each of its points, and in all rows between two of them of which one is directly behind the
    other in a block; on an edge to another block, up to the end of its block, and in the row of the other block's label;
 3. neighbouring rows are one piece of the bar.

Invariant: the rows of a bar are those of the points that ``lifetimes`` has for the loan, closed under (2); the same function
gives the same bytes; each conflict that ``loans`` finds is marked once in the column of its loan.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from xml.sax.saxutils import escape

import attrs

from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.lifetimes import Lifetime, Lifetimes
from altru_ir.passes.analysis.loan_facts import LoanFacts
from altru_ir.passes.analysis.loan_points import Point
from altru_ir.passes.analysis.loans import find_conflicts
from altru_ir.text.printer import assign_names, print_header, print_label, print_operation
from altru_ir.values import Operation

CHARACTER, LINE, COLUMN, MARGIN, GUTTER = 7.3, 16, 18, 16, 5
LONGEST = 96
"""How many characters of a line are shown."""
SLOPE = (0.64, 0.77)
"""How far a rotated character of a label goes to the right and up."""


@attrs.frozen
class Bar:
    """A column: ``kind`` is ``region``, ``shared`` or ``mut``; ``pieces`` are first and last rows; ``begins`` the row where the
    loan is issued, -1 for a region; ``last``, ``kills`` and ``conflicts`` are rows."""

    label: str
    kind: str
    title: str
    pieces: tuple[tuple[int, int], ...]
    begins: int = -1
    last: tuple[int, ...] = ()
    kills: tuple[int, ...] = ()
    conflicts: tuple[int, ...] = ()


@attrs.frozen
class Row:
    """A line of the function: the number of the line in its file, if it has one, and what stands there."""

    line: int | None
    text: str


class Chart:
    """What is drawn of one function: ``rows``, and ``bars``, of regions first."""

    def __init__(self, function: Function) -> None:
        self.known = Lifetimes(function)
        self.rows: list[Row] = []
        self._heads: dict[Block, int] = {}
        self._ends: dict[Block, int] = {}
        self._places: dict[Operation, int] = {}
        self._write(function)
        self.bars = [*self._regions(), *self._loans()]

    def _write(self, function: Function) -> None:  # 1
        assign_names(function)
        place = function.location
        self.rows.append(Row(None if place is None else place.line, print_header(function) + " {"))
        for block in function.blocks:
            self._heads[block] = len(self.rows)
            self.rows.append(Row(None, print_label(block)))
            for op in block.ops:
                self._places[op] = len(self.rows)
                self.rows.append(Row(None if op.location is None else op.location.line, f"  {print_operation(op)}"))
            self._ends[block] = len(self.rows) - 1
        self.rows.append(Row(None, "}"))

    def row(self, point: Point) -> int:
        """The row of a point."""
        return self._heads[point.block] if point.op is None else self._places[point.op]

    def _regions(self) -> Iterator[Bar]:
        flow = self.known.borrowing.flow
        for origin in range(1, flow.universal):
            name = flow.region_name(origin)
            longer = [flow.region_name(b) for a, b in flow.signature.outlives if a == origin]
            title = name + (f" outlives {', '.join(longer)}" if longer else "")
            yield Bar(name, "region", title, ((1, len(self.rows) - 1),))

    def _loans(self) -> Iterator[Bar]:
        known = self.known.borrowing
        conflicts: dict[int, dict[int, str]] = {}
        selected = LoanFacts(known)
        for n, number in find_conflicts(selected.facts).errors:
            access = selected.why.get((n, number))
            happens = "control leaves the function" if access is None else f"{access.path} is {access.kind}"
            conflicts.setdefault(number, {})[self.row(known.points[n])] = happens
        for lifetime in self.known.of:
            loan = lifetime.loan
            found = conflicts.get(loan.number, {})
            kills = {self.row(known.points[n]) for n in self.known.kills(loan) & lifetime.points}
            begins = self._places[loan.op]
            yield Bar(
                f"{loan.number} {'the frame' if loan.path is None else loan.path}{' mut' if loan.mutable else ''}",
                "mut" if loan.mutable else "shared",
                "\n".join([self.known.says(lifetime), *(f"conflict: {found[row]}" for row in sorted(found))]),
                self.pieces(lifetime),
                begins,
                tuple(sorted({self._places[op] for op in lifetime.last})),
                tuple(sorted(kills - {begins})),
                tuple(sorted(found)),
            )

    def pieces(self, lifetime: Lifetime) -> tuple[tuple[int, int], ...]:
        """Where a loan is needed, as first and last rows (2, 3)."""
        known = self.known.borrowing
        rows = {self.row(known.points[n]) for n in lifetime.points}
        for n in lifetime.points:
            here = known.points[n]
            for m in self.known.after(n):
                there = known.points[m]
                if m not in lifetime.points:
                    continue
                behind = there.op is not None and there.block is here.block
                rows.update(range(self.row(here), (self.row(there) if behind else self._ends[here.block]) + 1))
        found: list[tuple[int, int]] = []
        for row in sorted(rows):
            if found and found[-1][1] == row - 1:
                found[-1] = found[-1][0], row
            else:
                found.append((row, row))
        return tuple(found)


class _Drawing:
    """Shapes, and how large the picture has become."""

    def __init__(self) -> None:
        self.shapes: list[str] = []
        self.width = 0.0
        self.height = float(MARGIN)

    def shape(self, text: str, title: str = "") -> None:
        if title:
            text = f"{text.removesuffix('/>')}><title>{escape(title)}</title></{text[1:].split(' ', 1)[0]}>"
        self.shapes.append(text)

    def text(self, x: float, y: float, text: str, kind: str, turned: bool = False) -> None:
        turn = f' transform="rotate(-50 {x:.0f} {y:.0f})"' if turned else ""
        self.shapes.append(f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}"{turn} xml:space="preserve">{escape(text)}</text>')

    def chart(self, chart: Chart) -> None:
        shown = [row.text if len(row.text) <= LONGEST else row.text[: LONGEST - 3] + "..." for row in chart.rows]
        labels = max((len(bar.label) for bar in chart.bars), default=0) * CHARACTER
        left = MARGIN + GUTTER * CHARACTER
        bars = ceil(left + (max(map(len, shown[1:])) + 2) * CHARACTER)
        right = bars + len(chart.bars) * COLUMN
        head = ceil(self.height)
        top = head + ceil(labels * SLOPE[1]) + LINE  # of the row that the signature would have: it stands above the labels
        self.width = max(self.width, right + labels * SLOPE[0] + MARGIN, left + len(shown[0]) * CHARACTER + MARGIN)
        self.height = top + len(shown) * LINE + MARGIN
        for wrong in sorted({row for bar in chart.bars for row in bar.conflicts}):
            y = top + wrong * LINE
            self.shape(f'<rect class="wrong" x="{MARGIN}" y="{y}" width="{right - MARGIN}" height="{LINE}"/>')
        for number, (row, text) in enumerate(zip(chart.rows, shown, strict=True)):
            base = (top + number * LINE if number else head) + 12
            if row.line is not None:
                self.text(MARGIN + (GUTTER - 1 - len(str(row.line))) * CHARACTER, base, str(row.line), "line")
            self.text(left, base, text, "code")
        for number, bar in enumerate(chart.bars):
            self.bar(bar, bars + number * COLUMN, top)

    def bar(self, bar: Bar, x: float, top: float) -> None:
        self.text(x + 8, top + LINE - 6, bar.label, bar.kind, turned=True)
        for first, last in bar.pieces:
            y, height = top + first * LINE + 1, (last - first + 1) * LINE - 2
            self.shape(f'<rect class="{bar.kind}" x="{x + 3}" y="{y}" width="8" height="{height}" rx="3"/>', bar.title)
        middle = x + 7
        for row in bar.last:
            y = top + row * LINE + 11
            self.shape(f'<path class="last" d="M{x},{y} h14"/>')
        for row in bar.kills:
            y = top + row * LINE + 8
            self.shape(f'<path class="kill" d="M{middle - 4},{y - 4} l8,8 m0,-8 l-8,8"/>')
        if bar.begins >= 0:
            self.shape(f'<circle class="{bar.kind}" cx="{middle}" cy="{top + bar.begins * LINE + 8}" r="5"/>', bar.title)
        for row in bar.conflicts:
            y = top + row * LINE + 8
            self.shape(f'<path class="conflict" d="M{middle - 5},{y - 5} l10,10 m0,-10 l-10,10"/>', bar.title)


STYLE = """\
text { font: 12px monospace; fill: #111 } .line { fill: #999 } rect.wrong { fill: #fbdada }
rect.region { fill: #ccc } text.region { fill: #666 } rect.shared { fill: #8bb8e0 } text.shared { fill: #1f5c94 }
rect.mut { fill: #eeb36d } text.mut { fill: #9a5406 } circle { stroke-width: 2 } circle.shared { fill: #fff; stroke: #1f5c94 }
circle.mut { fill: #9a5406; stroke: #9a5406 } path { fill: none; stroke: #333; stroke-width: 2 }
path.conflict { stroke: #c00; stroke-width: 3 }"""


def svg(what: Module | Function) -> str:
    """The lifetimes of a function, or of all functions with a body, one below the other, as a picture."""
    drawing = _Drawing()
    for function in [what] if isinstance(what, Function) else what.functions.values():
        if not function.is_declaration:
            drawing.chart(Chart(function))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{ceil(drawing.width)}" height="{ceil(drawing.height)}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *drawing.shapes, "</svg>"]) + "\n"


__all__ = ["Bar", "Chart", "Row", "svg"]
