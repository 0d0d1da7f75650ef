"""A generator of programs full of checks: loops over slices whose indices are right, nearly right, or wrap around.

    text, calls = generate(7)
    # func @main_entry(%a: ref<mut [? x i64]>, %b: ref<[? x i64]>, %n: usize, %m: usize) -> i64

Loops count up and down, by one and by more, with every kind of comparison; indices are what programs have (``i + 1``,
``n - 1 - i``, ``(i + j) / 2``, ``i & 7``, ``h % n``) and what they get wrong (``i - 1`` at 0, ``<=`` for ``<``); there are
sub-slices, conditions that decide a bound, and values carried around loops. Between the accesses stand calls that everybody can
see, so that it shows when a panic comes earlier or later than it should.

Invariants: a program depends on its seed alone and verifies. It may run long or for ever: run it with a budget. Each of the
calls is a pair of lengths for %a and %b, and %n and %m.
"""

from __future__ import annotations

import random

Call = tuple[int, int, int, int]

PREDICATES = ("ult", "ule", "ne", "ugt", "uge", "eq", "slt", "sle")
BOUNDS = ("ult", "ult", "ult", "ne", "ule", "slt")
TOP = (1 << 64) - 1
ROOM = 80
"""Lines by statement at the outermost level. A few programs would have thousands otherwise: branches in branches."""


class _Writer:
    def __init__(self, seed: int, room: int) -> None:
        self.choose = random.Random(seed)
        self.room = room  # behind so many lines no statement has statements in it
        self.lines: list[str] = []
        self.count = 0

    def fresh(self, stem: str = "v") -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def op(self, text: str, stem: str = "v") -> str:
        name = self.fresh(stem)
        self.lines.append(f"  %{name} = {text}")
        return name

    def label(self, text: str) -> None:
        self.lines.append(f"^{text}:")

    # -- numbers -----------------------------------------------------------------------------------------------------------

    def constant(self, number: int) -> str:
        return self.op(f"const {number} : usize", "c")

    def number(self, scope: list[str], depth: int = 2) -> str:
        """A number made of those in scope."""
        choose = self.choose
        if depth == 0 or choose.random() < 0.35:
            return choose.choice(scope) if choose.random() < 0.85 else self.constant(choose.choice([0, 1, 1, 2, 3, 8]))
        kind = choose.randrange(14)
        a = self.number(scope, depth - 1)
        if kind < 3:
            return self.op(f"add %{a}, %{self.constant(choose.choice([1, 1, 2, 3, TOP]))}")
        if kind < 6:
            return self.op(f"sub %{a}, %{self.constant(choose.choice([1, 1, 2]))}")
        if kind == 6:
            return self.op(f"sub %{a}, %{self.number(scope, depth - 1)}")
        if kind == 7:
            return self.op(f"add %{a}, %{self.number(scope, depth - 1)}")
        if kind == 8:
            return self.op(f"and %{a}, %{self.constant(choose.choice([1, 3, 7]))}")
        if kind == 9:
            return self.op(f"urem %{a}, %{choose.choice(scope)}")
        if kind == 10:
            return self.op(f"udiv %{a}, %{self.constant(choose.choice([2, 2, 3]))}")
        if kind == 11:
            return self.op(f"{choose.choice(['umin', 'umax'])} %{a}, %{choose.choice(scope)}")
        if kind == 12:
            return self.op(f"{choose.choice(['mul', 'shl'])} %{a}, %{self.constant(choose.choice([1, 2, 3]))}")
        condition = self.condition(scope)
        return self.op(f"select %{condition}, %{a}, %{choose.choice(scope)}")

    def condition(self, scope: list[str]) -> str:
        choose = self.choose
        made = self.op(f"icmp {choose.choice(PREDICATES)} %{choose.choice(scope)}, %{self.number(scope, 1)}", "p")
        if choose.random() < 0.2:
            other = self.op(f"icmp {choose.choice(PREDICATES)} %{choose.choice(scope)}, %{choose.choice(scope)}", "p")
            made = self.op(f"{choose.choice(['and', 'or'])} %{made}, %{other}", "p")
        return made

    # -- statements --------------------------------------------------------------------------------------------------------

    def statements(self, scope: list[str], slices: list[str], acc: str, depth: int) -> str:
        """Statements; the name of the sum behind them."""
        scope, slices = list(scope), list(slices)
        for _ in range(self.choose.randint(1, 3)):
            acc = self.statement(scope, slices, acc, depth)
        return acc

    def statement(self, scope: list[str], slices: list[str], acc: str, depth: int) -> str:
        choose = self.choose
        kind = choose.random()
        if kind < 0.35 or (depth == 0 and kind < 0.7) or len(self.lines) > self.room:
            return self.access(scope, slices, acc)
        if kind < 0.42:
            number = self.op(f"trunc %{acc} : i32")
            shown = self.op(f"and %{number}, %low")
            self.op(f"call @putchar(%{shown}) unsafe")
            return acc
        if kind < 0.5:
            scope.append(self.number(scope))
            return acc
        if kind < 0.58:
            of = choose.choice([each for each in slices if each != "a"])
            place = self.op(f"deref %{of}")
            part = self.op(f"subrange %{place}, %{self.number(scope, 1)}, %{self.number(scope, 1)}")
            made = self.op(f"borrow %{part}", "s")
            slices.append(made)
            scope.append(self.op(f"slice.len %{made}"))
            return acc
        if kind < 0.75 or depth == 0:
            return self.branch(scope, slices, acc, max(depth - 1, 0))
        return self.loop(scope, slices, acc, depth - 1)

    def access(self, scope: list[str], slices: list[str], acc: str) -> str:
        """A load or a store, most of them behind a comparison that is right, or nearly so."""
        choose = self.choose
        stores = choose.random() < 0.3
        of = "a" if stores else choose.choice(slices)
        index = self.number(scope)
        if choose.random() < 0.35:
            return self.touch(of, index, acc, stores)
        length = self.op(f"slice.len %{of}")
        predicate = "ule" if choose.random() < 0.1 else "ult"
        then, join, result = self.fresh("in"), self.fresh("on"), self.fresh("acc")
        fits = self.op(f"icmp {predicate} %{index}, %{length}", "p")
        self.lines.append(f"  cond_br %{fits}, ^{then}, ^{join}(%{acc})")
        self.label(then)
        inside = self.touch(of, index, acc, stores)
        if choose.random() < 0.3:
            inside = self.touch(of, self.number([index]), inside, stores)
        self.lines.append(f"  br ^{join}(%{inside})")
        self.label(f"{join}(%{result}: i64)")
        return result

    def touch(self, of: str, index: str, acc: str, stores: bool) -> str:
        place = self.op(f"deref %{of}")
        slot = self.op(f"elem %{place}, %{index}")
        if stores:
            self.lines.append(f"  assign %{slot}, %{acc}")
            return acc
        loaded = self.op(f"load %{slot}")
        scaled = self.op(f"mul %{acc}, %{self.op('const 31 : i64', 'c')}")
        return self.op(f"add %{scaled}, %{loaded}")

    def branch(self, scope: list[str], slices: list[str], acc: str, depth: int) -> str:
        then, other, join = self.fresh("then"), self.fresh("else"), self.fresh("join")
        condition = self.condition(scope)
        both = self.choose.random() < 0.5
        self.lines.append(f"  cond_br %{condition}, ^{then}, ^{other if both else f'{join}(%{acc})'}")
        self.label(then)
        inside = self.statements(scope, slices, acc, depth)
        self.lines.append(f"  br ^{join}(%{inside})")
        if both:
            self.label(other)
            inside = self.statements(scope, slices, acc, depth)
            self.lines.append(f"  br ^{join}(%{inside})")
        result = self.fresh("acc")
        self.label(f"{join}(%{result}: i64)")
        return result

    def loop(self, scope: list[str], slices: list[str], acc: str, depth: int) -> str:
        choose = self.choose
        head, body, done = self.fresh("head"), self.fresh("body"), self.fresh("done")
        down = choose.random() < 0.3
        zero = self.constant(choose.choice([0, 0, 0, 1]))
        bound = choose.choice(scope) if choose.random() < 0.7 else self.number(scope, 1)
        first, last = (bound, zero) if down else (choose.choice([zero, zero, choose.choice(scope)]), bound)
        i, inner, result = self.fresh("i"), self.fresh("acc"), self.fresh("acc")
        carried = self.fresh("k") if choose.random() < 0.3 else None
        given = f", %{choose.choice(scope)}" if carried else ""
        self.lines.append(f"  br ^{head}(%{first}, %{acc}{given})")
        extra = f", %{carried}: usize" if carried else ""
        self.label(f"{head}(%{i}: usize, %{inner}: i64{extra})")
        predicate = choose.choice(["ugt", "ne", "uge"]) if down else choose.choice(BOUNDS)
        more = self.op(f"icmp {predicate} %{i}, %{last}", "p")
        self.lines.append(f"  cond_br %{more}, ^{body}, ^{done}(%{inner})")
        self.label(body)
        step = self.constant(choose.choice([1, 1, 1, 1, 2, 3]))
        inside = [*scope, i, i] + ([carried] if carried else [])
        early = self.op(f"{'sub' if down else 'add'} %{i}, %{step}") if choose.random() < 0.4 else None
        if early:
            inside.append(early)
        after = self.statements(inside, slices, inner, depth)
        following = early or self.op(f"{'sub' if down else 'add'} %{i}, %{step}")
        handed = f", %{self.number(inside, 1)}" if carried else ""
        self.lines.append(f"  br ^{head}(%{following}, %{after}{handed})")
        self.label(f"{done}(%{result}: i64)")
        return result


def generate(seed: int, size: int = 3) -> tuple[str, list[Call]]:
    """The text of a program, and arguments to call it with: ``size`` is how many statements it has at the outermost level."""
    writer = _Writer(seed, ROOM * size)
    choose = writer.choose
    scope = ["n", "m", "la", "lb"]
    acc = writer.op("const 7 : i64", "acc")
    slices = ["a", "b"]
    if choose.random() < 0.4:
        scope.append(writer.op("umin %la, %lb"))
    for _ in range(size):
        acc = writer.statement(scope, slices, acc, 2)
    text = "\n".join(
        [
            "altru 1",
            "module @loops",
            'extern "C" func @putchar(%c: i32) -> i32 unsafe',
            "func @main_entry(%a: ref<mut [? x i64]>, %b: ref<[? x i64]>, %n: usize, %m: usize) -> i64 {",
            "^entry:",
            "  %low = const 63 : i32",
            "  %la = slice.len %a",
            "  %lb = slice.len %b",
            *writer.lines,
            f"  ret %{acc}",
            "}",
            "",
        ]
    )
    lengths = [0, 1, 2, 3, 5, 8]
    calls: list[Call] = [(5, 5, 5, 5), (4, 6, 4, 3)]
    for _ in range(2):
        calls.append((choose.choice(lengths), choose.choice(lengths), choose.choice([*lengths, TOP]), choose.choice(lengths)))
    return text, calls
