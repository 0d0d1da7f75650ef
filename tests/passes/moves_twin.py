"""A second meaning of moves, one way at a time: what ``initialization`` and ``check-moves`` say, by exhaustive search.

A state says of each move path of a function whether it is there, was never stored, was moved, or neither. The states that
control can bring to an operation are searched one by one, loops and unwind edges included, without a lattice: ``may be there``
is then "there in some state". The clauses are read here a second time, from the names of operations.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import attrs

import altru_ir as air
from altru_ir.behaviour import may_panic
from altru_ir.marks import needs_drop
from altru_ir.module import Block, Function, Module
from altru_ir.types import OwnType
from altru_ir.values import Operation, Value

THERE, NEVER, MOVED = "there", "never", "moved"
Path = tuple[object, ...]
State = frozenset[tuple[Path, str]]
PROJECTIONS = ("field", "variant", "elem", "deref")


@attrs.define
class Twin:
    """The facts of one function of a generated program; ``errors`` holds pairs of an operation and a code."""

    function: Function
    module: Module
    before: dict[Operation, set[State]] = attrs.Factory(lambda: defaultdict(set))
    errors: set[tuple[Operation, str]] = attrs.Factory(set)
    types: dict[Path, object] = attrs.Factory(dict)

    def run(self) -> Twin:
        self.name_paths()
        states = {p: THERE for p in self.types if p[0] in self.function.parameters}
        work: list[tuple[Block, State]] = [(self.function.blocks[0], frozenset(states.items()))]
        seen = set(work)
        while work:
            block, state = work.pop()
            for following in self.block(block, state):
                if following not in seen:
                    seen.add(following)
                    work.append(following)
        return self

    # -- paths --

    def name_paths(self) -> None:
        for op in self.function.operations():
            for value in (*op.operands, *op.results):
                if not value.type.is_place and not air_copies(value, self.module):
                    self.types[value,] = value.type
            if op.name == "local":
                self.types[op.result,] = op.result.type.target
        for op in self.function.operations():
            for value in op.operands:
                if value.type.is_place and op.name not in PROJECTIONS:
                    path, reach, _ = self.where(value)
                    while reach == "exact" and len(path) > 1 and path not in self.types:
                        self.types[path] = value.type.target
                        value = value.operation.operands[0]
                        path = path[:-1]
        for op in self.function.operations():
            if op.name == "init":
                self.name_fields(op.operands[0])
        for value in [*self.function.parameters, *(a for b in self.function.blocks for a in b.args)]:
            if not air_copies(value, self.module):
                self.types[value,] = value.type

    def name_fields(self, place: Value) -> None:
        """What is filled field by field has all its fields named."""
        path, reach, _ = self.where(place)
        while reach == "exact" and len(path) > 1 and self.is_field(path):
            path = path[:-1]
            for name, type in self.fields(path).items():
                self.types.setdefault((*path, name), type)

    def fields(self, path: Path) -> dict[str, object]:
        """The fields of a struct without a destructor."""
        type = self.types.get(path)
        declaration = self.module.types[type.name] if isinstance(type, air.types.NamedType) else None
        if declaration is None or declaration.kind != "struct" or declaration.drop is not None:
            return {}
        return {member.name: member.type for member in declaration.members}

    def is_field(self, path: Path) -> bool:
        type = self.types.get(path[:-1])
        return isinstance(type, air.types.NamedType) and self.module.types[type.name].kind == "struct"

    def is_sum(self, path: Path) -> bool:
        """Whether ``path`` is there when its fields are."""
        fields = self.fields(path)
        return bool(fields) and all((*path, name) in self.types for name in fields)

    def needed(self, path: Path) -> list[Path]:
        return [p for p in self.below(path) if not self.is_sum(p)]

    def where(self, place: Value) -> tuple[Path, str, bool]:
        """Root and steps, how far they lead, and whether a type with a destructor lies in between."""
        op = place.operation
        if op.name == "local":
            return (place,), "exact", False
        base = op.operands[0]
        path, reach, loud = self.where(base) if base.type.is_place else ((base,), "exact", False)
        if reach != "exact":
            return path, reach, loud
        held = base.type.target if base.type.is_place else base.type
        if op.name == "deref":
            return (
                (*path, "*") if isinstance(held, OwnType) else path,
                "exact" if isinstance(held, OwnType) else "reference",
                loud,
            )
        if op.name == "elem":
            index = op.operands[1].operation
            if index is None or index.name != "const":
                return path, "element", loud
            return (*path, index.attrs["value"]), "exact", loud
        loud = loud or self.module.types[held.name].drop is not None
        return (*path, op.attrs[op.name]), "exact", loud

    def below(self, path: Path) -> list[Path]:
        return [p for p in self.types if p[: len(path)] == path]

    # -- one operation --

    def block(self, block: Block, state: State) -> list[tuple[Block, State]]:
        found: list[tuple[Block, State]] = []
        states = [state]
        for op in block.ops:
            following: list[State] = []
            for each in states:
                self.before[op].add(each)
                self.check(op, dict(each))
                for after in self.operands(op, dict(each)):
                    if block.unwind is not None and may_panic(op, self.module):
                        found.append((block.unwind, frozenset(after.items())))
                    for result in op.results:
                        if not result.type.is_place:
                            after.update(dict.fromkeys(self.below((result,)), THERE))
                    for successor in op.successors:
                        found.append((successor.block, self.edge(op, successor, dict(after))))
                    following.append(frozenset(after.items()))
            states = list(dict.fromkeys(following))
        return found

    def operands(self, op: Operation, state: dict[Path, str]) -> list[dict[Path, str]]:
        if op.name == "local":
            state.update(dict.fromkeys(self.below((op.result,)), NEVER))
            return [state]
        if op.name in PROJECTIONS:
            return [state]
        unchanged = dict(state)
        for at, value in enumerate(op.operands):
            if not value.type.is_place:
                if op.name not in ("borrow", "cond_br", "cell.get"):
                    state.update(dict.fromkeys(self.below((value,)) if (value,) in self.types else [], MOVED))
                continue
            path, reach, destructor = self.where(value)
            if reach != "exact" or (destructor and not op.attrs.get("rest")):
                continue
            if op.name in ("take", "drop", "end"):
                state.update(dict.fromkeys(self.below(path), MOVED))
            elif op.name in ("init", "assign") and at == 0:
                state.update(dict.fromkeys(self.below(path), THERE))
        return [state, unchanged] if op.name == "drop" and len(op.operands) > 1 else [state]

    def edge(self, op: Operation, successor: object, state: dict[Path, str]) -> State:
        for value in successor.args:
            state.update(dict.fromkeys(self.below((value,)) if (value,) in self.types else [], MOVED))
        if op.name == "switch_enum" and op.operands[0].type.is_place:
            path, reach, _ = self.where(op.operands[0])
            named = {each.case for each in op.successors}
            for other in self.below(path):
                if (
                    reach == "exact"
                    and len(other) > len(path)
                    and (other[len(path)] in named if successor.case is None else other[len(path)] != successor.case)
                    and state.get(other) == THERE
                ):
                    del state[other]
        for argument in successor.block.args:
            state.update(dict.fromkeys(self.below((argument,)), THERE))
        return frozenset(state.items())

    # -- what is wrong --

    def use(self, op: Operation, state: dict[Path, str], paths: list[Path]) -> None:
        held = {state.get(path) for path in paths}
        if held & {NEVER, MOVED}:
            self.errors.add((op, "use"))

    def check(self, op: Operation, state: dict[Path, str]) -> None:
        if op.name in PROJECTIONS or op.name == "local":
            return
        consumed: set[Value] = set()
        stored = {value for value in op.operands[1:] if op.name in ("init", "assign", "exchange")}
        after = {path: MOVED if path[0] in stored and state.get(path) == THERE else how for path, how in state.items()}
        for at, value in enumerate([*op.operands, *(v for s in op.successors for v in s.args)]):
            if value.type.is_place:
                self.check_place(op, at, value, after)
            elif (value,) in self.types:
                if op.name == "dealloc":
                    self.use(op, state, [(value,)])
                    self.left(op, state, (value, "*"))
                elif not op.attrs.get("rest"):
                    self.use(op, state, self.needed((value,)))
                if value in consumed:
                    self.errors.add((op, "use"))
                consumed.add(value)

    def check_place(self, op: Operation, at: int, place: Value, state: dict[Path, str]) -> None:
        path, reach, loud = self.where(place)
        stores = op.name in ("init", "assign") and at == 0
        if reach == "reference":
            self.use(op, state, [path])
        else:
            for length in range(1, len(path)):
                if path[length] == "*":
                    self.use(op, state, [path[:length]])
        if op.name in ("take", "drop") and not op.attrs.get("rest"):
            if reach == "reference":
                self.errors.add((op, "ALT-M002"))
            elif reach == "element":
                self.errors.add((op, "ALT-M003"))
            elif loud:
                self.errors.add((op, "ALT-M004"))
        if reach == "reference":
            if op.name == "init" and at == 0 and needs_drop(place.type.target, self.module):
                self.errors.add((op, "ALT-M005"))
        elif not stores:
            if op.name != "end" and not (op.attrs.get("rest") and reach == "exact"):
                self.use(op, state, self.needed(path))
        elif reach == "element":
            self.use(op, state, self.needed(path))
        else:
            self.check_whole(op, state, path)
            for length in range(1, len(path)):
                type = self.types[path[:length]]
                if isinstance(type, air.types.NamedType) and self.module.types[type.name].drop is not None:
                    self.use(op, state, self.needed(path[:length]))
            if op.name == "init":
                self.left(op, state, path)

    def check_whole(self, op: Operation, state: dict[Path, str], path: Path) -> None:
        while op.name == "init" and len(path) > 1 and self.is_field(path):
            path = path[:-1]
        if len(path) > 1 and path[-1] != "*" and state.get(path[:-1]) in (NEVER, MOVED):
            self.use(op, state, self.needed(path))

    def left(self, op: Operation, state: dict[Path, str], path: Path) -> None:
        whole = self.types.get(path)
        if whole is None:  # nothing of it is named: it goes with what it is a part of
            whole = path[0].type.target
            if needs_drop(whole, self.module):
                self.errors.add((op, "ALT-M005"))
        elif any(
            state.get(p) == THERE and not self.is_sum(p) and needs_drop(self.types[p], self.module) for p in self.below(path)
        ):
            self.errors.add((op, "ALT-M005"))


def air_copies(value: Value, module: Module) -> bool:
    from altru_ir.marks import copies

    return copies(value.type, module)


# -- programs ------------------------------------------------------------------------------------------------------------

HEAD = """\
altru 1
module @moves
struct @Pair { a: own<i32>, b: own<i32> }
struct @Loud { a: own<i32>, n: i32 } drop @Loud.drop
enum @Opt { None, Some(own<i32>), Both(@Pair) }
global mut @bits : i64 = 0
func @Loud.drop(%self: ref<mut @Loud>) nounwind {
^entry:
  ret
}
func @flip() -> i1 nounwind {
^entry:
  %g = global @bits unsafe
  %n = load %g
  %one = const 1 : i64
  %m = lshr %n, %one
  assign %g, %m
  %b = trunc %n : i1
  ret %b
}
func @work() {
^entry:
  %b = call @flip()
  cond_br %b, ^fails, ^done
^fails:
  panic "work failed"
^done:
  ret
}
func @one(%n: i32) -> own<i32> nounwind {
^entry:
  %o = new %n : own<i32>
  ret %o
}
func @pair(%n: i32) -> @Pair nounwind {
^entry:
  %a = call @one(%n)
  %b = call @one(%n)
  %p = struct %a, %b : @Pair
  ret %p
}
func @opt(%n: i32) -> @Opt nounwind {
^entry:
  %b = call @flip()
  cond_br %b, ^some, ^both
^some:
  %a = call @one(%n)
  %s = enum Some, %a : @Opt
  ret %s
^both:
  %p = call @pair(%n)
  %t = enum Both, %p : @Opt
  ret %t
}
func @loud(%n: i32) -> @Loud nounwind {
^entry:
  %a = call @one(%n)
  %l = struct %a, %n : @Loud
  ret %l
}
func @boxed(%n: i32) -> own<@Pair> nounwind {
^entry:
  %p = call @pair(%n)
  %o = new %p : own<@Pair>
  ret %o
}
func @array(%n: i32) -> [3 x own<i32>] nounwind {
^entry:
  %a = call @one(%n)
  %b = call @one(%n)
  %c = call @one(%n)
  %xs = array %a, %b, %c : [3 x own<i32>]
  ret %xs
}
"""
MAKERS = {"own<i32>": "one", "@Pair": "pair", "@Opt": "opt", "@Loud": "loud", "own<@Pair>": "boxed", "[3 x own<i32>]": "array"}
PARTS = {
    "@Pair": [("field {}, a", "own<i32>"), ("field {}, b", "own<i32>")],
    "@Loud": [("field {}, a", "own<i32>")],
    "own<@Pair>": [("deref {}", "@Pair")],
    "[3 x own<i32>]": [("elem {}, %zero", "own<i32>"), ("elem {}, %two", "own<i32>"), ("elem {}, %i", "own<i32>")],
}


class Generator:
    """Small functions of everything that moves. ``careful`` is how often an operation fits what came in front of it."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.lines: list[str] = []
        self.fresh = 0
        self.counts: Counter[str] = Counter()
        self.careful = self.choose.choice([0.5, 0.9, 1.0])
        self.locals: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.full: dict[str, bool] = {}

    def name(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    def say(self, line: str) -> None:
        self.counts[line.split("= ")[-1].split()[0]] += 1
        self.lines.append("  " + line)

    def program(self) -> str:
        for _ in range(self.choose.randint(1, 3)):
            name, type = self.name("%l"), self.choose.choice(list(MAKERS))
            self.locals[name] = type
            self.say(f"{name} = local : {type}")
        for _ in range(self.choose.randint(0, 2)):
            type = self.choose.choice(["own<i32>", "own<@Pair>"])
            self.values[self.make(type)] = type
        if self.choose.random() < 0.5:
            self.lines.append("  br ^body")
            self.lines.append("^body unwind ^cleanup:")
            for local in [name for name in self.locals if self.choose.random() < 0.2]:
                self.say(f"end {local}")
                self.locals.pop(local)
            if not self.locals:
                self.locals[self.name("%l")] = "own<i32>"
                self.say(f"{next(iter(self.locals))} = local : own<i32>")
            self.statements(2)
            self.lines.append("  ret")
            self.lines.append("^cleanup:")
            for value, type in list(self.values.items()):
                if value.startswith("%v") and type == "own<i32>" and self.choose.random() < 0.2 and value in self.early:
                    self.say(f"drop {value}")
            for local in self.locals:
                if self.choose.random() < 0.2 and f"  {local} = local" in "".join(self.lines[:3]):
                    self.say(f"end {local}")
            self.lines.append("  resume")
        else:
            self.statements(2)
            self.lines.append("  ret")
        body = "\n".join(self.lines)
        return (
            f"{HEAD}func @moves(%i: usize, %n: i32, %r: ref<mut own<i32>>) {{\n^entry:\n  %zero = const 0 : usize\n"
            f"  %two = const 2 : usize\n{body}\n}}\n{MAIN}"
        )

    @property
    def early(self) -> set[str]:
        return {line.split(" =")[0].strip() for line in self.lines[: self.lines.index("  br ^body")]}

    def make(self, type: str) -> str:
        name = self.name("%v")
        self.say(f"{name} = call @{MAKERS[type]}(%n)")
        return name

    def statements(self, depth: int) -> None:
        for _ in range(self.choose.randint(1, 4)):
            kind = self.choose.randrange(10)
            if depth and kind == 0:
                self.branch(depth)
            elif depth and kind == 1:
                self.loop(depth)
            elif depth and kind == 2:
                self.switch(depth)
            elif kind == 3:
                self.say("call @work()")
            elif kind == 4 and self.values:
                self.value()
            else:
                self.place()

    def inside(self, depth: int) -> None:
        kept, full = dict(self.values), dict(self.full)
        self.statements(depth - 1)
        self.values = {v: t for v, t in kept.items() if v in self.values}
        self.full = {p: f and full.get(p, False) for p, f in self.full.items()}

    def label(self, label: str) -> None:
        unwind = " unwind ^cleanup" if "^body unwind ^cleanup:" in self.lines else ""
        self.lines.append(f"^{label}{unwind}:")

    def branch(self, depth: int) -> None:
        c, yes, no, end = self.name("%c"), self.name("yes"), self.name("no"), self.name("end")
        self.say(f"{c} = call @flip()")
        self.say(f"cond_br {c}, ^{yes}, ^{no}")
        for label in (yes, no):
            self.label(label)
            self.inside(depth)
            self.say(f"br ^{end}")
        self.label(end)

    def loop(self, depth: int) -> None:
        c, head, end = self.name("%c"), self.name("head"), self.name("end")
        self.say(f"br ^{head}")
        self.label(head)
        if self.choose.random() < 0.3:
            name, type = self.name("%m"), self.choose.choice(list(MAKERS))
            self.say(f"{name} = local : {type}")
            self.say(f"init {name}, {self.make(type)}")
            part, _ = self.part(name, type)
            self.say(f"{self.name('%t')} = take {part}")
        self.inside(depth)
        self.say(f"{c} = call @flip()")
        self.say(f"cond_br {c}, ^{head}, ^{end}")
        self.label(end)

    def switch(self, depth: int) -> None:
        local = next((name for name, type in self.locals.items() if type == "@Opt"), None)
        if local is None or (not self.full.get(local) and self.choose.random() < self.careful):
            return
        some, other, end = self.name("some"), self.name("other"), self.name("end")
        rest = self.choose.choice(["None ^", "^"])
        self.say(f"switch_enum {local}, Some ^{some}, Both ^{other}, {rest}{end}")
        for label, variant, type in ((some, "Some", "own<i32>"), (other, "Both", "@Pair")):
            self.label(label)
            if self.choose.random() < 0.7:
                place = self.name("%p")
                self.say(f"{place} = variant {local}, {variant}")
                place, type = self.part(place, type)
                self.say(f"{self.name('%t')} = take {place}")
                self.full[local] = False
            self.inside(depth)
            self.say(f"br ^{end}")
        self.label(end)

    def value(self) -> None:
        name = self.choose.choice(list(self.values))
        type = self.values[name]
        kind = self.choose.randrange(5)
        if kind == 0 and type == "own<@Pair>":
            place, part = self.part(name, type)
            self.say(f"{self.name('%t')} = take {place}")
            if self.choose.random() < 0.7:
                self.say(f"drop {name} {{rest}}" if self.choose.random() < 0.7 or part != "@Pair" else f"dealloc {name}")
                self.values.pop(name)
        elif kind == 1:
            argument, next = self.name("%a"), self.name("next")
            self.say(f"br ^{next}({name})")
            self.lines.append(f"^{next}({argument}: {type}):")
            self.values.pop(name)
        elif kind == 2 and type == "own<i32>" and self.choose.random() > self.careful:
            self.say(f"{self.name('%s')} = struct {name}, {name} : @Pair")
        else:
            self.say(f"drop {name}")
            if self.choose.random() < self.careful:
                self.values.pop(name)

    def part(self, place: str, type: str) -> tuple[str, str]:
        while type in PARTS and (place.startswith("%v") or self.choose.random() < 0.6):
            choices = PARTS[type][:2] if self.choose.random() < self.careful else PARTS[type]
            if type == "@Loud" and self.choose.random() < self.careful:
                break
            step, type = self.choose.choice(choices)
            name = self.name("%p")
            self.say(f"{name} = {step.format(place)}")
            place = name
        return place, type

    def place(self) -> None:
        if self.choose.random() > self.careful and self.choose.random() < 0.3:
            name = self.name("%p")
            self.say(f"{name} = deref %r")
            self.access(name, "own<i32>", "%r", False)
            return
        local = self.choose.choice(list(self.locals))
        type = self.locals[local]
        if self.choose.random() < self.careful and not self.full.get(local):
            store = self.choose.choice(["assign", "assign", "init"]) if self.careful < 1 else "assign"
            self.say(f"{store} {local}, {self.make(type)}")
            self.full[local] = True
            return
        place, type = self.part(local, type)
        self.access(place, type, local, place == local)

    def access(self, place: str, type: str, local: str, whole: bool) -> None:
        kind = self.choose.randrange(7)
        if kind <= 1:
            name = self.name("%t")
            self.say(f"{name} = take {place}")
            self.full[local] = False
            if self.choose.random() < 0.5:
                self.say(f"assign {place}, {name}")
                self.full[local] = True
        elif kind == 2:
            self.say(f"assign {place}, {self.make(type)}")
        elif kind == 3 and self.choose.random() > self.careful:
            self.say(f"init {place}, {self.make(type)}")
        elif kind == 4:
            c = self.name("%c")
            self.say(f"{c} = call @flip()")
            self.say(f"drop {place}, if {c}" if self.choose.random() < 0.2 else f"drop {place}")
            self.full[local] = False
        elif kind == 5:
            self.say(f"{self.name('%b')} = borrow {place}")
        else:
            self.say(f"{self.name('%x')} = exchange {place}, {self.make(type)}")


MAIN = """\
func @main_entry(%seed: i64) -> i32 {
^entry:
  %g = global @bits unsafe
  assign %g, %seed
  %i = const 1 : usize
  %n = const 7 : i32
  %o = call @one(%n)
  %l = local : own<i32>
  init %l, %o
  %r = borrow mut %l
  call @moves(%i, %n, %r)
  ret %n
}
"""
__all__ = ["Generator", "Twin"]
