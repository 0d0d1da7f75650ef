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
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from altru_ir.testing.borrowing_library import DECLARATIONS, GENERATED, LIBRARY, Signature
from altru_ir.testing.borrowing_scenes import SCENES
from altru_ir.testing.loan_model import READ, SHALLOW, WRITE, Loan, Model, Path, Thing

if TYPE_CHECKING:
    from altru_ir.module import Module

PARTS: dict[str, list[tuple[str, str, str]]] = {
    "@Pair": [("field {}, a", "a", "i64"), ("field {}, b", "b", "i64")],
    "@Nested": [("field {}, p", "p", "@Pair"), ("field {}, q", "q", "@Pair"), ("field {}, n", "n", "i64")],
    "[4 x i64]": [("elem {}, %k0", "[0]", "i64"), ("elem {}, %k3", "[3]", "i64"), ("elem {}, %at", "[]", "i64")],
    "@View<'_>": [("field {}, r", "r", "ref<i64>"), ("field {}, n", "n", "i64")],
    "@MutView<'_>": [("field {}, r", "r", "ref<mut i64>"), ("field {}, n", "n", "i64")],
    "@Noisy<'_>": [("field {}, n", "n", "i64")],
}
SCALARS = ("i64", "@Pair", "@Nested", "[4 x i64]", "@Opt")
HOLDERS = (
    "ref<i64>", "ref<mut i64>", "@View<'_>", "@MutView<'_>", "@Noisy<'_>", "@Maybe<'_>", "own<@View<'_>>", "own<@Noisy<'_>>",
)  # fmt: skip
MOVES = ("ref<mut", "own<", "@MutView", "@Noisy", "@List", "@Maybe")
HEAP = ("own<", "@List", "arena", "pool", "mutex", "@Noisy")


SWITCHED = {
    "@Opt": (("Some", "i64"), ("Both", "@Pair"), ("None", "")),
    "@Maybe<'_>": (("One", "ref<i64>"), ("Mut", "ref<mut i64>"), ("Nothing", "")),
}
HOMES = (
    ("arena", "arena.new"),
    ("pool<i64>", "pool.new : pool<i64>"),
    ("mutex<i64>", "mutex.new %n"),
    ("cell<i64>", "cell.new %n"),
)


def pointee(type: str) -> str | None:
    """What a pointer of ``type`` leads to; None for what is none."""
    for head in ("ref<mut ", "ref<", "own<"):
        if type.startswith(head):
            return type[len(head) : -1].removesuffix(", pool").removeprefix("'_, ")
    if type.startswith("guard<"):
        return "i64"
    return None


def moves(type: str) -> bool:
    return type.startswith(MOVES)


def dropped(type: str) -> bool:
    """Whether overwriting or ending a ``type`` drops something."""
    return type.startswith(HEAP)


def drop_uses_regions(type: str) -> bool:
    """Whether dropping a ``type`` uses what it refers to."""
    return "@Noisy" in type or type.startswith(("own<'_", "guard"))


def has_references(type: str) -> bool:
    return "ref<" in type or "'_" in type


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


class _Function:
    """One function: its text, and the model of what is lent in it."""

    def __init__(
        self, prefix: str, choose: random.Random, wild: float, counts: Counter[str], callees: dict[str, Signature]
    ) -> None:  # fmt: skip
        self.prefix = prefix
        self.choose = choose
        self.wild = wild
        self.counts = counts
        self.callees = callees
        self.used: dict[str, None] = {}
        self.scenes: list[str] = []
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

    # -- statements --

    def statements(self, size: int, depth: int) -> None:
        kinds: list[tuple[str, float]] = [
            ("local", 2), ("holder", 2), ("make", 4), ("use", 4), ("read", 2), ("overwrite", 3), ("call", 4), ("restore", 5),
            ("store_through", 4), ("owner", 1.5), ("move_owner", 3), ("finish", 1), ("work", 1), ("home", 2), ("walk", 1.5),
            ("slice", 2), ("thread", 0.3), ("collected", 0.5), ("scene", 3),
        ]  # fmt: skip
        if depth < 2:
            kinds += [("branch", 1.6), ("loop", 1.6), ("switch", 3), ("region", 0.8)]
        names, weights = zip(*kinds, strict=True)
        for _ in range(self.choose.randint(max(1, size // 2), size)):
            for _ in range(3):  # something else where there is nothing to do this with
                kind = self.choose.choices(names, weights)[0]
                method = getattr(self, kind)
                if (method(size, depth) if kind in ("branch", "loop", "switch", "region") else method()) is not False:
                    self.counts[kind] += 1
                    break
            self.provoke()

    def provoke(self) -> None:
        """Uses, more often than not, what should not be used any more."""
        if self.model.overlooked and self.choose.random() < 0.7:
            thing = self.model.things.get(self.choose.choice(self.model.overlooked))
            if thing is not None and thing.there and (thing.is_local or pointee(thing.type)):
                self.touch(self.spots(thing))
        self.model.overlooked = []

    def local(self) -> bool:
        type = self.choose.choice([*SCALARS, "@Opt", "@List"])
        place = self.op(f"local : {type}", "l")
        self.do(f"init {place}, {self.value(type)}")
        self.add(place, type, is_local=True)
        return True

    def holder(self) -> bool:
        """A local of something that holds references."""
        type = self.choose.choice(HOLDERS)
        value = self.operand(type)
        if value is None or not self.consume(value):
            return False
        place = self.op(f"local : {type}", "h")
        thing = self.add(place, type, is_local=True)
        self.do(f"init {place}, {value.name}")
        thing.loans, thing.usable = value.loans, value.usable
        thing.pinned = drop_uses_regions(type)
        return True

    def make(self) -> bool:
        mutable = self.choose.random() < 0.5
        spot = self.spot(*SCALARS, "@View<'_>", "ref<i64>", "ref<mut i64>", writable=mutable)
        return spot is not None and self.borrow(spot, mutable) is not None

    def use(self) -> bool:
        """Reads or writes through a reference that was made before."""
        found = [t for t in self.model.things.values() if pointee(t.type) and not t.is_local and self.alive(t)]
        thing = self.pick(found)
        if thing is None:
            return False
        return self.touch(self.spots(thing))

    def touch(self, spots: list[Spot]) -> bool:
        ends = [spot for spot in spots if spot.type == "i64"]
        if not ends:
            return False
        spot = self.choose.choice(ends)
        writes = spot.writable and self.choose.random() < 0.5
        if not self.reach(spot, SHALLOW if writes else READ):
            return False
        place = self.emit(spot)
        if writes:
            self.do(f"assign {place}, {self.integer()}")
        else:
            self.op(f"load {place}", "x")
        return True

    def read(self) -> bool:
        spot = self.spot("i64", "@Pair", "@Nested", "@Opt", "ref<i64>", "@View<'_>")
        if spot is None or not self.reach(spot, READ):
            return False
        name = self.op(f"load {self.emit(spot)}", "x")
        if has_references(spot.type):
            self.add(name, spot.type, spot.thing.loans)
        return True

    def overwrite(self) -> bool:
        spot = self.spot(*SCALARS, writable=True)
        if spot is None or not self.reach(spot, SHALLOW):
            return False
        if self.choose.random() < 0.2:
            self.op(f"exchange {self.emit(spot)}, {self.value(spot.type)}", "x")
        else:
            self.do(f"assign {self.emit(spot)}, {self.value(spot.type)}")
        return True

    def restore(self) -> bool:
        """Stores other references into a local."""
        holders = [
            t
            for t in self.model.things.values()
            if t.is_local and has_references(t.type) and not self.model.kept[t.name] and t.type in HOLDERS
        ]
        thing = self.pick(holders)
        value = self.operand(thing.type) if thing is not None else None
        if thing is None or value is None or not thing.there:
            return False
        if drop_uses_regions(thing.type) and not self.outlive(value, thing):
            return False
        exchanged = thing.type.startswith(("ref<", "@View", "@MutView")) and thing.usable and self.choose.random() < 0.2
        kind = WRITE if dropped(thing.type) or (exchanged and moves(thing.type)) else SHALLOW
        if not self.model.access((thing.name,), kind) or not self.all_alive(value) or not self.consume(value):
            return False
        if exchanged and thing.usable:  # what was handed over may have taken away what is there
            old = self.op(f"exchange {thing.name}, {value.name}", "x")
            usable, loans = thing.usable, thing.loans
            self.model.stored((thing.name,))
            self.add(old, thing.type, loans).usable = usable
        else:
            self.do(f"assign {thing.name}, {value.name}")
            self.model.stored((thing.name,))
        thing.loans, thing.usable = value.loans, value.usable
        return True

    def all_alive(self, *things: Thing) -> bool:
        return all(thing.usable or self.wild > 0 for thing in things)

    def outlive(self, value: Thing, holder: Thing) -> bool:
        """Whether what ``value`` refers to is dropped after ``holder``."""
        roots = {path[0]: path for path, _ in value.loans}
        things = self.model.things
        return all(root not in things or things[root].order < holder.order for root in roots) or self.model.rash()

    def store_through(self) -> bool:
        """``@set`` stores a reference through a reference to a local."""
        target = self.operand("ref<mut ref<i64>>")
        if target is None:
            return False
        into = self.model.behind(target)
        if into is None or any(path[0].startswith("'") for t in into for path, _ in t.loans):
            return False
        value = self.operand("ref<i64>")
        if value is None or not self.all_alive(target, value) or not self.consume(target):
            return False
        if self.loops and any(t.loops < self.loops for t in into):
            target.there = True
            return False
        self.used["set"] = None
        self.op(f"call @set({target.name}, {value.name})", "x")
        for thing in into:
            thing.loans |= value.loans
        return True

    def call(self) -> bool:
        name = self.choose.choice(list(self.callees))
        if name in ("set", "last"):
            return False
        return self.call_of(name)

    def walk(self) -> bool:
        return self.call_of(self.choose.choice(["last", "push"]))

    def call_of(self, name: str) -> bool:
        signature = self.callees[name]
        arguments: list[tuple[str, Thing | None, str]] = []
        for type, region in signature.parameters:
            if type == "i64":
                arguments.append((self.integer(), None, region))
                continue
            thing = self.operand(type)
            if thing is None or any(thing is other and moves(type) for _, other, _ in arguments):
                return False
            arguments.append((thing.name, thing, region))
        given = [thing for _, thing, _ in arguments if thing is not None]
        if not self.all_alive(*given):
            return False
        for thing in given:
            if moves(thing.type) and (not self.may_consume(thing) or self.model.conflicts((thing.name,), WRITE)):
                return False
        for thing in given:
            self.consume(thing)
        if not self.all_alive(*given):
            return False
        self.used[name] = None
        callee = f"@{name}"
        if self.choose.random() < 0.15 and not signature.outlives:  # the type of a function has no clauses
            callee = self.op(f"func.ref @{name}", "f")
        texts = ", ".join(text for text, _, _ in arguments)
        if signature.result is None:
            self.do(f"call {callee}({texts})")
            return True
        result = self.op(f"call {callee}({texts})", "r")
        type, _ = signature.result
        if has_references(type):
            loans: frozenset[Loan] = frozenset().union(
                *(thing.loans for _, thing, region in arguments if thing is not None and signature.flows(region))
            )
            self.add(result, type, loans)
        return True

    def work(self) -> bool:
        self.do("call @work()")
        return True

    def owner(self) -> bool:
        type = f"own<{self.choose.choice(['i64', '@Pair', '@Nested'])}>"
        name = self.value(type)
        if self.choose.random() < 0.5:
            place = self.op(f"local : {type}", "l")
            self.do(f"init {place}, {name}")
            self.add(place, type, is_local=True)
        else:
            self.add(name, type)
        return True

    def move_owner(self) -> bool:
        """Moves, drops or replaces an owner."""
        thing = self.pick([t for t in self.model.things.values() if t.type.startswith("own<") and t.there])
        if thing is None or not self.may_consume(thing) or (has_references(thing.type) and not self.alive(thing)):
            return False
        name = thing.name
        replaces = thing.is_local and not has_references(thing.type) and self.choose.random() < 0.5
        if not self.model.access((name,), WRITE):
            return False
        if replaces:
            self.do(f"assign {name}, {self.value(thing.type)}")
            return True
        thing.there = thing.perhaps = False
        if thing.is_local:
            moved = self.op(f"take {name}", "o")
            if self.choose.random() < 0.5:
                self.add(moved, thing.type, thing.loans).usable = thing.usable
            else:
                self.do(f"drop {moved}")
        elif thing.type.startswith("own<'_") or self.choose.random() < 0.5:
            self.do(f"drop {name}")
            thing.pinned = False
        else:
            place = self.op(f"local : {thing.type}", "l")
            self.do(f"init {place}, {name}")
            held = self.add(place, thing.type, thing.loans, is_local=True)
            held.usable, held.pinned = thing.usable, drop_uses_regions(thing.type)
        return True

    def finish(self) -> bool:
        """Ends something of the innermost scope before its time."""
        names = [name for name in self.scopes[-1] if self.model.things[name].is_local or self.model.things[name].pinned]
        if not names:
            return False
        return self.close(self.choose.choice(names))

    def close(self, name: str) -> bool:
        """Ends a local, or drops what must be."""
        thing = self.model.things[name]
        if self.model.kept[name]:
            return False
        was, thing.pinned = thing.pinned, False
        if thing.is_local:
            if not self.model.access((name,), WRITE if dropped(thing.type) else SHALLOW):
                thing.pinned = was
                return False
            self.do(f"end {name}")
            self.model.stored((name,))
            self.forget(name)
        elif thing.there and (was or (thing.type.startswith("own<") and thing.loops == self.loops)):
            if not self.model.access((name,), WRITE):
                thing.pinned = was
                return False
            self.do(f"drop {name}")
            self.forget(name)
        return True

    def forget(self, name: str) -> None:
        del self.model.things[name]
        for scope in self.scopes:
            if name in scope:
                scope.remove(name)

    def home(self) -> bool:
        """Something of an arena, a pool or a mutex, or the home itself."""
        homes = [t for t in self.model.things.values() if t.type in ("arena", "pool<i64>", "mutex<i64>", "cell<i64>")]
        home = self.pick(homes)
        if home is None or self.choose.random() < 0.3:
            type, made = self.choose.choice(HOMES)
            place = self.op(f"local : {type}", "home")
            self.do(f"init {place}, {self.op(made)}")
            self.add(place, type, is_local=True)
            return True
        path = (home.name,)
        if self.choose.random() < 0.25 and home.type in ("arena", "pool<i64>"):
            if not self.model.access(path, WRITE):
                return False
            whole = self.op(f"borrow mut {home.name}", "b")
            if home.type == "arena":
                self.do(f"arena.reset {whole}")
            else:
                handle = self.op(f"pool.insert {whole}, %n", "handle")
                slot = self.op(f"pool.get_mut {whole}, {handle}", "r")
                self.add(slot, "ref<mut i64>", frozenset({(path, True)}))
            return True
        if not self.model.access(path, READ):
            return False
        shared = self.op(f"borrow {home.name}", "b")
        lent: frozenset[Loan] = frozenset({(path, False)})
        if home.type == "arena":
            if self.choose.random() < 0.5:
                self.add(self.op(f"arena.alloc {shared}, {self.value('@Pair')}", "r"), "ref<mut @Pair>", lent)
            else:
                self.add(self.op(f"new in {shared}, %n : own<'_, i64>", "o"), "own<'_, i64>", lent)
        elif home.type == "pool<i64>":
            self.add(self.op(f"pool.acquire {shared}, %n", "o"), "own<'_, i64, pool>", lent)
        elif home.type == "cell<i64>":
            self.do(f"cell.set {shared}, {self.integer()}")
            self.add(shared, "ref<cell<i64>>", lent)
        elif not any(thing.type.startswith("guard") for thing in self.model.things.values()):
            self.add(self.op(f"lock {shared}", "g"), "guard<'_, i64>", lent)
        return True

    def slice(self) -> bool:
        """A reference to some elements."""
        spot = self.spot("[4 x i64]")
        if spot is None or not self.model.access((*spot.path, "[]"), READ):
            return False
        part = self.op(f"subrange {self.emit(spot)}, %k1, %k2", "p")
        held = spot.loans | {((*spot.path, "[]"), False)}
        self.add(self.op(f"borrow {part}", "r"), "ref<[? x i64]>", held)
        return True

    def thread(self) -> bool:
        """A thread that reads what a scope lends it."""
        reference = self.operand("ref<i64>")
        if reference is None or not self.all_alive(reference):
            return False
        scope = self.op("local : thread_scope<'_>", "scope")
        self.used["look"] = None
        self.do(f"drop {self.op(f'spawn in {scope}, @look({reference.name})', 't')}")
        self.model.kept[reference.name] += 1
        for _ in range(self.choose.randint(0, 2)):
            self.choose.choice([self.use, self.read, self.overwrite, self.make])()
        self.model.kept[reference.name] -= 1
        self.do(f"end {scope}")
        return True

    def collected(self) -> bool:
        """A reference to a constant field of a collected object."""
        made = self.op("struct %n, %one : @Object")
        g = self.op(f"new {made} : gc<@Object>", "g")
        object = self.op(f"deref {g}", "p")
        fixed = self.op(f"field {object}, fixed", "p")
        self.add(self.op(f"borrow {fixed}", "r"), "ref<i64>", frozenset({((g,), False)}))
        if self.choose.random() < 0.5:
            v = self.op(f"field {object}, v", "p")
            self.do(f"assign {v}, %seven")
        return True

    # -- control --

    def scene(self) -> bool:
        """A story of its own (``borrowing_scenes``)."""
        scene = SCENES[self.choose.choice(list(SCENES))]
        wrong = scene.may_be_wrong and self.model.rash()
        self.model.rashes += wrong
        functions, body = scene.texts(wrong, self.prefix + self.name("s"))
        self.scenes.append(functions)
        self.types[scene.types] = None
        for line in body:
            self.do(line)
        return True

    def inside(self, size: int, depth: int, type: str = "", spare: Spot | None = None) -> Thing | None:
        """Statements of an inner scope, and a value of ``type`` that outlives it, moved away, for who asks for one."""
        self.scopes.append([])
        self.statements(max(1, size // 2), depth + 1)
        self.close_all()
        given = self.handed(type, spare) if type and spare is not None else None
        for name in self.scopes.pop():
            self.model.things.pop(name, None)
        return given

    def close_all(self) -> None:
        """Closes the innermost scope, the latest first. What only holds storage may be left to the drop scheduler."""
        for name in reversed(self.scopes[-1].copy()):
            thing = self.model.things[name]
            if thing.pinned or thing.type.startswith("@Noisy") or self.choose.random() < 0.7:
                self.close(name)
            elif thing.is_local or thing.type.startswith("own<"):
                self.model.access((name,), WRITE if dropped(thing.type) else SHALLOW)
                self.forget(name)

    def handed(self, type: str, spare: Spot) -> Thing:
        """An operand of a type to be handed to a block; one to ``spare`` if there is no other."""
        for _ in range(3):
            thing = self.operand(type)
            if thing is not None and self.all_alive(thing) and self.consume(thing):
                return thing
        return self.fresh_borrow(type, spare)

    def fresh_borrow(self, type: str, spare: Spot) -> Thing:
        mutable = type.startswith("ref<mut")
        thing = self.borrow(spare, mutable)
        assert thing is not None or self.wild, "nobody whose use is still to come borrows the spare"
        thing = thing or self.borrowed(spare, mutable)
        thing.there = not moves(type)
        return thing

    def spare(self, type: str) -> Spot:
        """Some new local."""
        place = self.op(f"local : {type}", "l")
        self.do(f"init {place}, {self.value(type)}")
        return Spot(self.add(place, type, is_local=True), (place,), type, (), True, frozenset())

    def branch(self, size: int, depth: int) -> None:
        yes, no, join = self.name("yes"), self.name("no"), self.name("join")
        type = self.choose.choice(["", "ref<i64>", "ref<mut i64>", "ref<mut @Pair>"])
        spare = self.spare(pointee(type) or "i64") if type else None
        self.do(f"cond_br {self.flip()}, ^{yes}, ^{no}")
        before = self.model.snapshot()
        sides = []
        loans: frozenset[Loan] = frozenset()
        for label in (yes, no):
            self.model.restore(before)
            self.label(label)
            given = self.inside(size, depth, type, spare)
            self.do(f"br ^{join}" + (f"({given.name})" if given else ""))
            loans |= given.loans if given else frozenset()
            sides.append(self.model.snapshot())
        self.model.join(sides)
        value = "%" + self.name("j")
        self.label(join, f"({value}: {type})" if type else "")
        if type:
            self.add(value, type, loans)

    def loop(self, size: int, depth: int) -> None:
        """A loop that carries a reference, borrowed anew or reborrowed in each iteration."""
        head, body, done = self.name("head"), self.name("body"), self.name("done")
        type = self.choose.choice(["", "ref<i64>", "ref<mut i64>", "ref<mut @Pair>", "ref<mut @List>"])
        target = pointee(type) or ""
        mutable = type.startswith("ref<mut")
        carried, source = None, None
        if type:
            source = self.spot(target, writable=mutable) or self.spare(target)
            if not self.all_alive(source.thing) or (carried := self.borrow(source, mutable)) is None:
                source = self.spare(target)
                carried = self.borrow(source, mutable)
        i, value = "%" + self.name("i"), "%" + self.name("carried")
        self.do(f"br ^{head}(%one" + (f", {carried.name})" if carried else ")"))
        if carried:
            carried.there = not mutable
        kept = set()
        for name, thing in self.model.things.items():
            needed = thing.pinned or self.model.kept[name] or (source is not None and source.thing.name == name)
            if thing.loans and thing.usable and (needed or self.choose.random() < 0.5):
                kept.add(name)
        assumed = carried.loans if carried else frozenset()
        self.label(head, f"({i}: i64, {value}: {type})" if carried else f"({i}: i64)")
        more = self.op(f"icmp ule {i}, %three", "t")
        self.do(f"cond_br {self.op(f'and {more}, {self.flip()}', 't')}, ^{body}, ^{done}")
        self.loops += 1
        if carried:
            self.add(value, type, assumed)
        before = self.model.snapshot()
        self.model.kept.update(kept)
        for name, thing in self.model.things.items():
            if thing.loans and name not in kept and name != value:
                thing.usable = False
        self.label(body)
        self.scopes.append([])
        self.statements(max(1, size // 2), depth + 1)
        self.close_all()
        given = self.next_of(value, type, source, assumed) if carried and source else None
        after = self.op(f"add {i}, %one", "i")
        self.do(f"br ^{head}({after}" + (f", {given.name})" if given else ")"))
        self.scopes.pop()
        end = self.model.snapshot()
        self.model.kept.subtract(kept)
        self.loops -= 1
        self.model.restore(before)
        for name, thing in self.model.things.items():
            if name == value:
                thing.loops = self.loops
            elif name in end:
                thing.usable = thing.usable and end[name].usable
                thing.perhaps = thing.perhaps or thing.there or end[name].there or end[name].perhaps
                thing.there = thing.there and end[name].there
                thing.loans |= end[name].loans
            else:
                thing.there = False
        self.label(done)

    def next_of(self, value: str, type: str, source: Spot, assumed: frozenset[Loan]) -> Thing:
        """What the next iteration begins with: its loans must be known at the head already."""
        old = self.model.things[value]
        choices = ["same", "again", "walk", "fresh"]
        self.choose.shuffle(choices)
        for how in choices:
            thing: Thing | None = None
            if how in ("same", "again", "walk") and not (old.there and old.usable):
                continue
            if how == "same":
                thing = old
            elif how == "again":
                spot = next(spot for spot in self.spots(old) if spot.path == (value, "&"))
                thing = self.borrow(spot, type.startswith("ref<mut"))
            elif how == "walk" and type == "ref<mut @List>" and self.consume(old):
                self.used["last"] = None
                thing = self.add(self.op(f"call @last({value})", "r"), type, old.loans)
            if thing is None or {loan for loan in thing.loans if loan[0][0] != value} - assumed or not self.consume(thing):
                continue
            self.counts[f"carried {how}"] += 1
            return thing
        self.counts["carried fresh"] += 1
        return self.fresh_borrow(type, source)

    def switch(self, size: int, depth: int) -> bool:
        """References to the payload of an enum."""
        spot = self.spot("@Opt", "@Maybe<'_>")
        if spot is None or not self.reach(spot, READ):
            return False
        variants = SWITCHED[spot.type]
        some, both, none, join = (self.name(stem) for stem in ("some", "both", "none", "join"))
        place = self.emit(spot)
        (one, one_type), (two, two_type), (other, _) = variants
        self.do(f"switch_enum {place}, {one} ^{some}, {two} ^{both}, {other} ^{none}")
        before = self.model.snapshot()
        sides = []
        for label, variant, type in ((some, one, one_type), (both, two, two_type), (none, "", "")):
            self.model.restore(before)
            self.label(label)
            self.scopes.append([])
            if variant:
                mutable = spot.writable and self.choose.random() < 0.5
                step = f"variant {{}}, {variant}"
                thing = self.model.things[spot.thing.name]
                payload = Spot(thing, (*spot.path, f"?{variant}"), type, (*spot.steps, step), spot.writable, spot.loans)
                target = pointee(type)
                if target is not None:
                    mutable = mutable and type.startswith("ref<mut")
                    path, steps = (*payload.path, "&"), (*payload.steps, "deref {}")
                    payload = Spot(thing, path, target, steps, mutable, thing.loans)
                self.borrow(payload, mutable)
            self.statements(max(1, size // 2), depth + 1)
            self.close_all()
            for name in self.scopes.pop():
                self.model.things.pop(name, None)
            self.do(f"br ^{join}")
            sides.append(self.model.snapshot())
        self.model.join(sides)
        self.label(join)
        return True

    def region(self, size: int, depth: int) -> None:
        """Statements whose panics go to a cleanup that uses references."""
        kept = [t for t in self.model.things.values() if t.loans and t.usable and t.there and self.choose.random() < 0.6]
        self.model.kept.update(thing.name for thing in kept)
        body, after, cleanup = self.name("body"), self.name("after"), self.name("cleanup")
        self.do(f"br ^{body}")
        outside, self.unwind, lines, self.lines = self.unwind, "", self.lines, self.cleanups
        self.label(cleanup)
        for thing in sorted(kept, key=lambda thing: -thing.order):
            if pointee(thing.type) and not thing.is_local:
                self.touch(self.spots(thing))
        needed = {path[0] for thing in kept for path, _ in thing.loans} | {thing.name for thing in kept}
        for thing in reversed(self.model.things.values()):  # what a cleanup does not close is closed in front of it
            if thing.is_local:
                self.do(f"end {thing.name}")
            elif thing.name in needed and thing.there and thing.type.startswith(("own<", "guard<")):
                self.do(f"drop {thing.name}")
        self.do("resume")
        self.unwind, self.lines = cleanup, lines
        self.label(body)
        self.inside(size, depth)
        self.unwind = outside
        self.do(f"br ^{after}")
        self.label(after)
        self.model.kept.subtract(thing.name for thing in kept)

    # -- the whole --

    def write(self, name: str, signature: Signature | None, size: int) -> str:
        head = f"func @{name}(%n: i64) -> i64 {{" if signature is None else _header(name, signature)
        self.lines.append("^entry:")
        if signature is None:
            bits = self.op("global @bits unsafe", "g")
            self.do(f"assign {bits}, %n")
        for constant, number in (("one", "1"), ("seven", "7"), ("three", "3")):
            self.do(f"%{constant} = const {number} : i64")
        for constant, number in (("k0", "0"), ("k1", "1"), ("k2", "2"), ("k3", "3")):
            self.do(f"%{constant} = const {number} : usize")
        self.do(f"%at = zext {self.flip()} : usize")
        if signature is not None:
            self.do("%n = const 5 : i64")
            for at, (type, region) in enumerate(signature.parameters):
                self.add(f"%arg{at}", type, frozenset({((region,), "mut" in type)}))
            self.model.kept["%arg0"] += 1
        for _ in range(self.choose.randint(1, 3)):
            self.local()
        self.statements(size, 0)
        self.close_all()
        result = "%n"
        if signature is not None and signature.result is not None and has_references(signature.result[0]):
            result = self.returned(signature)
        self.do(f"ret {result}")
        return "\n".join([head, *self.lines, *self.cleanups, "}", ""])

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


def generate(seed: int, size: int = 10, wild: float = 0.0) -> Program:
    """A program. ``size`` is about how many statements a function has at its top; ``wild`` the share of conflicts that are
    overlooked, 0 for a correct program. Raises ``ValueError`` for a share that is not between 0 and 1."""
    if not 0 <= wild <= 1:
        raise ValueError(f"a share is between 0 and 1, not {wild}")
    choose = random.Random(f"{seed} {float(wild)}")
    counts: Counter[str] = Counter()
    callees = dict(LIBRARY)
    used: dict[str, None] = {"look": None}
    types: dict[str, None] = {}
    texts = []
    wanted = [(f"g{at}", signature) for at, signature in enumerate(choose.sample(GENERATED, choose.randint(1, 2)))]
    for name, signature in [*wanted, ("main_entry", None)]:
        function = _Function(name, choose, wild, counts, dict(callees))
        text = function.write(name, signature, size if signature is None else max(2, size // 2))
        texts += [*function.scenes, text]
        counts["rash"] += function.model.rashes
        used.update(function.used)
        types.update(function.types)
        if signature is not None:
            callees[name] = signature
    library = [signature.text for name, signature in LIBRARY.items() if name in used]
    return Program(seed, wild, "\n".join(["altru 1", f"module @seed_{seed}", DECLARATIONS, *types, *library, *texts]), counts)
