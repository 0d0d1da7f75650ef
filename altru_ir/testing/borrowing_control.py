"""Control flow of the programs of ``borrowing``: branches, loops, matches and regions with a cleanup, and what they hand over.

Where ways meet, the model goes on with what all of them know (``loan_model``, clause 6). A loop assumes what its first round
finds and keeps for the next one what that will use; a region keeps what its cleanup uses.

Invariant: every way through the text is one that the model has gone.
"""

from __future__ import annotations

from altru_ir.testing.borrowing_statements import Statements
from altru_ir.testing.borrowing_types import (
    SWITCHED,
    dropped,
    moves,
    pointee,
)  # fmt: skip
from altru_ir.testing.borrowing_writer import Spot
from altru_ir.testing.loan_model import READ, SHALLOW, WRITE, Loan, Thing


class Control(Statements):
    """A writer that knows blocks as well."""

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
