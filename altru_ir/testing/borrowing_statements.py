"""Straight statements of the programs of ``borrowing``: each says whether there was something to do it with.

A statement chooses its operands among what the model holds to be usable, asks the model for each access, and tells it what is
stored, lent, moved and closed. Those of ``scene`` are stories of their own.

Invariant: a statement that returns False has written nothing that matters.
"""

from __future__ import annotations

from altru_ir.testing.borrowing_scenes import SCENES
from altru_ir.testing.borrowing_types import (
    HOLDERS,
    HOMES,
    SCALARS,
    drop_uses_regions,
    dropped,
    has_references,
    moves,
    pointee,
)  # fmt: skip
from altru_ir.testing.borrowing_writer import Spot, Writer
from altru_ir.testing.loan_model import READ, SHALLOW, WRITE, Loan, Thing


class Statements(Writer):
    """A writer that knows statements without blocks."""

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

    def scene(self) -> bool:
        """A story of its own (``borrowing_scenes``)."""
        scene = SCENES[self.choose.choice(list(SCENES))]
        wrong = scene.may_be_wrong and (self.model.rash() or self.staged > 0)
        self.model.rashes += wrong
        self.staged -= wrong
        functions, body = scene.texts(wrong, self.prefix + self.name("s"))
        self.scenes.append(functions)
        self.types[scene.types] = None
        for line in body:
            self.do(line)
        return True
