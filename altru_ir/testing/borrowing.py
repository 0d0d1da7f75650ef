"""Random programs of references: borrowed, reborrowed, stored, handed to functions, carried round loops, dropped.

``generate(seed)`` writes a program as a front-end would that checks lifetimes: before an access, the references that it would
invalidate are given up (``loan_model``), so the program is correct, and a borrow checker that refuses it is too strict. With
``wild`` above 0 that share of the conflicts is overlooked. Such a program may be wrong; if a borrow checker accepts it, it must
run without a fault.

A program is some functions with references in their signatures and the entry ``@main_entry(i64) -> i64``; the bits of its
argument decide which way each branch goes. Loops run at most three times.

Example: ``generate(7).text``; ``generate(7, wild=0.2)`` is one that may be wrong; ``Program.counts`` says of what it was made.

Invariants: the same seed and dials give the same text in every process; the text parses and verifies; with ``wild`` 0 it moves
nothing twice, and has no memory fault on any input.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from altru_ir.testing.borrowing_control import Control
from altru_ir.testing.borrowing_library import DECLARATIONS, GENERATED, LIBRARY, Signature
from altru_ir.testing.borrowing_types import has_references, pointee
from altru_ir.testing.preludes import split, used

if TYPE_CHECKING:
    from altru_ir.module import Module


@attrs.frozen
class Program:
    """``text`` has the entry ``@main_entry(i64) -> i64``; ``counts`` says how often which statement was written, and under
    ``rash`` how many conflicts were overlooked."""

    seed: int
    wild: float
    text: str = attrs.field(repr=False)
    counts: Counter[str] = attrs.field(repr=False)

    @property
    def module(self) -> Module:
        """The program, parsed anew each time."""
        from altru_ir.text.parser import parse

        return parse(self.text)


PRELUDE = split(DECLARATIONS) | {name: signature.text for name, signature in LIBRARY.items()}
BITS = """\
  %g = global @bits unsafe
  assign %g, %n
"""
"""What the entry begins with where a branch is decided: by its argument."""
IDLE = frozenset({"%one", "%seven", "%three", "%k0", "%k1", "%k2", "%k3", "%n", "%coin", "%at"})
"""What a function begins with where it is used."""
_VALUE = re.compile(r"%\w+")
SMALL = 4
"""Up to this size a program has at most one function besides the entry; behind it, one or two."""


class _Function(Control):
    """One function, from its header to its brace."""

    def write(self, name: str, signature: Signature | None, size: int) -> str:
        head = f"func @{name}(%n: i64) -> i64 {{" if signature is None else _header(name, signature)
        self.lines.append("^entry:")
        for constant, number in (("one", "1"), ("seven", "7"), ("three", "3")):
            self.do(f"%{constant} = const {number} : i64")
        for constant, number in (("k0", "0"), ("k1", "1"), ("k2", "2"), ("k3", "3")):
            self.do(f"%{constant} = const {number} : usize")
        self.do("%coin = call @flip()")
        self.do("%at = zext %coin : usize")
        if signature is not None:
            self.do("%n = const 5 : i64")
            for at, (type, region) in enumerate(signature.parameters):
                self.add(f"%arg{at}", type, frozenset({((region,), "mut" in type)}))
            self.model.kept["%arg0"] += 1
        for _ in range(self.choose.randint(1, 3)):
            self.local()
        self.statements(size, 0)
        while self.staged > 0:
            self.scene()
        self.close_all()
        result = "%n"
        if signature is not None and signature.result is not None and has_references(signature.result[0]):
            result = self.returned(signature)
        self.do(f"ret {result}")
        return "\n".join([head, *_without_idle(self.lines + self.cleanups), "}", ""])

    def returned(self, signature: Signature) -> str:
        assert signature.result is not None
        type, _ = signature.result
        found = [
            thing
            for thing in self.model.things.values()
            if thing.type == type
            and not thing.is_local
            and self.alive(thing)
            and all("&" in path or (path[0][0] == "'" and signature.flows(path[0])) for path, _ in thing.loans)
        ]
        if self.wild and self.choose.random() < self.wild:
            found = [t for t in self.model.things.values() if t.type == type and not t.is_local and t.there] or found
        if found and self.choose.random() < 0.8:
            return self.choose.choice(found).name
        ways = [spot for spot in self.spots(self.model.things["%arg0"]) if spot.type == pointee(type)]
        return self.fresh_borrow(type, self.choose.choice(ways)).name


def _without_idle(lines: list[str]) -> list[str]:
    """The lines of a function without the constants it begins with that nobody uses."""
    kept: list[str] = []
    seen: set[str] = set()
    for line in reversed(lines):
        name, _, rest = line.strip().partition(" = ")
        if name in IDLE and name not in seen:
            continue
        seen.update(_VALUE.findall(rest or name))
        kept.append(line)
    return kept[::-1]


def _header(name: str, signature: Signature) -> str:
    """The text of a signature up to the brace."""
    regions = sorted({region for _, region in signature.parameters if region})
    bounds = dict(signature.outlives)
    declared = ", ".join(f"{region}: {bounds[region]}" if region in bounds else region for region in regions)
    parameters = ", ".join(f"%arg{at}: {_with_region(*each)}" for at, each in enumerate(signature.parameters))
    result = f" -> {_with_region(*signature.result)}" if signature.result is not None else ""
    return f"private func @{name}<{declared}>({parameters}){result} {{"


def _with_region(type: str, region: str) -> str:
    if type.startswith("ref<") and region:
        return f"ref<{region}, {type[4:]}"
    return type.replace("'_", region or "'_")


def generate(seed: int, size: int = 10, wild: float = 0.0, staged: int = 0) -> Program:
    """A program. ``size`` is about how many statements a function has at its top; ``wild`` the share of conflicts that are
    overlooked, 0 for a correct program; ``staged`` how many scenes of the entry are wrong, whatever is overlooked: with 1, and
    nothing overlooked, that is all that is wrong. Raises ``ValueError`` for a share that is not between 0 and 1."""
    if not 0 <= wild <= 1:
        raise ValueError(f"a share is between 0 and 1, not {wild}")
    choose = random.Random(f"{seed} {float(wild)}")
    counts: Counter[str] = Counter()
    callees = dict(LIBRARY)
    types: dict[str, None] = {}
    texts = []
    functions = choose.randint(1, 2) if size > SMALL else choose.randint(0, 1)
    wanted = [(f"g{at}", signature) for at, signature in enumerate(choose.sample(GENERATED, functions))]
    for name, signature in [*wanted, ("main_entry", None)]:
        function = _Function(name, choose, wild, counts, dict(callees))
        function.staged = staged if signature is None else 0
        text = function.write(name, signature, size if signature is None else max(2, size // 2))
        texts += [*function.scenes, text]
        counts["rash"] += function.model.rashes
        types.update(function.types)
        if signature is not None:
            callees[name] = signature
    prelude = used(PRELUDE, [*types, *texts])
    if "bits" in prelude:
        texts[-1] = texts[-1].replace("^entry:\n", f"^entry:\n{BITS}", 1)
    text = "\n".join(["altru 1", f"module @seed_{seed}", "", *prelude.values(), *types, *texts])
    return Program(seed, wild, text, counts)
