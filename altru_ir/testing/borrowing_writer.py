"""Writing a function of references: its text, the model of what is lent in it, and the places that may be accessed.

    writer.spots(thing)            the paths into ``thing``, with the operations that name each
    writer.reach(spot, WRITE)      whether it may be accessed; who stands in the way is given up
    writer.operand("ref<i64>")     something of a type that may be used up, made if need be

Invariant: what is written accesses nothing that the model has not been asked about.
"""

from __future__ import annotations

import random
from collections import Counter

import attrs

from altru_ir.testing.borrowing_library import Signature
from altru_ir.testing.borrowing_types import (
    PARTS,
    drop_uses_regions,
    has_references,
    moves,
    pointee,
)  # fmt: skip
from altru_ir.testing.loan_model import READ, WRITE, Loan, Model, Path, Thing


@attrs.frozen
class Spot:
    """A path that may be accessed: the operations that name it, their base, and what is known of it."""

    thing: Thing
    path: Path
    type: str
    steps: tuple[str, ...]
    writable: bool
    loans: frozenset[Loan]
    """What a reference to it holds besides its own loan: those of the thing, where it leads through references."""

    @property
    def through(self) -> bool:
        return "&" in self.path


class Writer:
    """One function: its text, and the model of what is lent in it."""

    def __init__(
        self, prefix: str, choose: random.Random, wild: float, counts: Counter[str], callees: dict[str, Signature]
    ) -> None:  # fmt: skip
        self.prefix = prefix
        self.choose = choose
        self.wild = wild
        self.counts = counts
        self.callees = callees
        self.scenes: list[str] = []
        self.staged = 0  # how many scenes are to be wrong
        self.types: dict[str, None] = {}
        self.lines: list[str] = []
        self.fresh = 0
        self.loops = 0
        self.unwind = ""
        self.scopes: list[list[str]] = [[]]  # things to close, by scope
        self.model = Model(lambda: self.choose.random() < self.wild)
        self.cleanups: list[str] = []

    # -- text --

    def name(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def op(self, text: str, stem: str = "v") -> str:
        name = "%" + self.name(stem)
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, label: str, parameters: str = "") -> None:
        unwind = f" unwind ^{self.unwind}" if self.unwind else ""
        self.lines.append(f"^{label}{parameters}{unwind}:")

    def emit(self, spot: Spot) -> str:
        """The place of a spot; the operations that name it access nothing."""
        at = spot.thing.name
        for step in spot.steps:
            at = self.op(step.format(at), "p")
        return at

    def flip(self) -> str:
        return self.op("call @flip()", "c")

    # -- things --

    def add(self, name: str, type: str, loans: frozenset[Loan] = frozenset(), **more: bool) -> Thing:
        pinned = drop_uses_regions(type) and not more.get("is_local")
        thing = self.model.add(name, type, loans, loops=self.loops, pinned=pinned, **more)
        self.scopes[-1].append(name)
        return thing

    def alive(self, thing: Thing) -> bool:
        """Whether what ``thing`` refers to may be used."""
        if not thing.there:
            return False
        return thing.usable or (self.wild > 0 and self.choose.random() < self.wild)

    def all_alive(self, *things: Thing) -> bool:
        return all(thing.usable or self.wild > 0 for thing in things)

    def may_consume(self, thing: Thing) -> bool:
        """Whether ``thing`` may be moved here. An owner that is moved on one way is dropped on the others where they join, so
        owners are moved in their own scope."""
        if thing.type.startswith("own<") and not thing.is_local and thing.name not in self.scopes[-1]:
            return self.choose.random() < self.wild and thing.loops == self.loops
        return thing.loops == self.loops and not self.model.kept[thing.name]

    def pick(self, things: list[Thing]) -> Thing | None:
        return self.choose.choice(things) if things else None

    def spots(self, thing: Thing) -> list[Spot]:
        """All paths into a thing, not too long."""
        found: list[Spot] = []
        if not thing.is_local and pointee(thing.type) is None:
            return found
        work = [Spot(thing, (thing.name,), thing.type, (), thing.is_local, frozenset())]
        while work:
            spot = work.pop()
            if spot.path != (thing.name,) or thing.is_local:
                found.append(spot)
            if len(spot.path) > 5:
                continue
            target = pointee(spot.type)
            if target is not None and target != "[? x i64]":
                is_reference = spot.type.startswith("ref<")
                writable = spot.type.startswith(("ref<mut", "own", "guard")) and (
                    spot.writable or not spot.through or spot.path == (thing.name,)
                )
                work.append(
                    Spot(
                        thing,
                        (*spot.path, "&" if is_reference or spot.type.startswith("guard") else "*"),
                        target,
                        (*spot.steps, "deref {}"),
                        writable,
                        thing.loans,
                    )
                )
            for text, step, type in PARTS.get(spot.type, ()):
                work.append(Spot(thing, (*spot.path, step), type, (*spot.steps, text), spot.writable, spot.loans))
        return found

    def spot(self, *types: str, writable: bool = False) -> Spot | None:
        """Some path to one of ``types`` that may be accessed."""
        found = [
            spot
            for thing in self.model.things.values()
            if thing.there
            for spot in self.spots(thing)
            if spot.type in types and (spot.writable or not writable) and (not has_references(thing.type) or self.alive(thing))
        ]
        return self.choose.choice(found) if found else None

    def reach(self, spot: Spot, kind: str) -> bool:
        """Accesses a spot; whether that was possible, and has not taken away what leads there."""
        return self.model.access(spot.path, kind) and self.all_alive(spot.thing)

    def borrow(self, spot: Spot, mutable: bool) -> Thing | None:
        """A reference to a spot; None when that would take away what is still needed."""
        if not self.reach(spot, WRITE if mutable else READ):
            return None
        return self.borrowed(spot, mutable)

    def borrowed(self, spot: Spot, mutable: bool) -> Thing:
        self.counts["reborrow" if spot.through else "borrow"] += 1
        name = self.op(f"borrow {'mut ' if mutable else ''}{self.emit(spot)}", "r")
        held = spot.thing.loans if has_references(spot.type) else spot.loans
        return self.add(name, f"ref<{'mut ' if mutable else ''}{spot.type}>", held | {(spot.path, mutable)})

    def consume(self, thing: Thing) -> bool:
        """Moves a value away."""
        if moves(thing.type):
            if not self.may_consume(thing) or not self.model.access((thing.name,), WRITE):
                return False
            thing.there = False
        return True

    def operand(self, type: str) -> Thing | None:
        """A value of a type that carries references, of which the caller may dispose."""
        target = pointee(type)
        ready = [t for t in self.model.things.values() if t.type == type and not t.is_local and self.alive(t)]
        if ready and self.choose.random() < 0.5:
            thing = self.choose.choice(ready)
            return thing if not moves(type) or self.may_consume(thing) else None
        if type.startswith("ref<") and target is not None:
            mutable = type.startswith("ref<mut")
            spot = self.spot(target, writable=mutable)
            return None if spot is None else self.borrow(spot, mutable)
        if type in ("@View<'_>", "@MutView<'_>", "@Noisy<'_>"):
            part = self.operand("ref<mut i64>" if type == "@MutView<'_>" else "ref<i64>")
            if part is None or not self.consume(part):
                return None
            return self.add(self.op(f"struct {part.name}, %n : {type}", "s"), type, part.loans)
        if type == "@Maybe<'_>":
            variant, of = self.choose.choice([("One", "ref<i64>"), ("Mut", "ref<mut i64>")])
            part = self.operand(of)
            if part is None or not self.consume(part):
                return None
            return self.add(self.op(f"enum {variant}, {part.name} : {type}", "e"), type, part.loans)
        if type.startswith("own<@"):
            part = self.operand(type[4:-1])
            if part is None or not self.consume(part):
                return None
            part.pinned = False
            return self.add(self.op(f"new {part.name} : {type}", "o"), type, part.loans)
        return None

    def integer(self) -> str:
        return self.choose.choice(["%n", "%one", "%seven"])

    def value(self, type: str) -> str:
        """A value without references."""
        if type == "@Pair":
            return self.op(f"struct {self.integer()}, {self.integer()} : @Pair")
        if type == "@Nested":
            return self.op(f"struct {self.value('@Pair')}, {self.value('@Pair')}, {self.integer()} : @Nested")
        if type == "[4 x i64]":
            return self.op(f"array {', '.join(self.integer() for _ in range(4))} : [4 x i64]")
        if type == "@Opt":
            kind = self.choose.choice(["None", "Some, %n", "Both, {}"])
            return self.op(f"enum {kind.format(self.value('@Pair')) if '{' in kind else kind} : @Opt")
        if type.startswith("own<"):
            return self.op(f"new {self.value(type[4:-1])} : {type}", "o")
        if type == "@List":
            return self.op("enum Nil : @List")
        return self.integer()
