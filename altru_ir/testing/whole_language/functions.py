"""Functions: ``if``, counted loops, ``switch``, calls and cleanups around snippets."""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.testing.whole_language.families import Snippet
from altru_ir.testing.whole_language.writer import Writer

SMALL = 2
"""Up to this size a program has one function, or two of which one calls the other; behind it, it has two or three."""


class Function:
    """One function: structure around snippets."""

    def __init__(self, w: Writer, pick: Callable[[], Snippet]) -> None:
        self.w = w
        self.pick = pick
        self.choose = w.choose

    def write(self, name: str, linkage: str, size: int) -> str:
        w = self.w
        head = f"{linkage}func @{name}(%a: i64, %b: i64) -> i64 {{"
        with_cleanup = w.may_panic and self.choose.random() < (0.5 if size > 1 else 0.2)
        w.scope = ["%a", "%b"]
        w.lines.append("^entry:")
        w.answer = w.op(f"xor %a, {w.constant()}", "a")
        if with_cleanup:
            self.unwinding_to("cleanup")
        self.statements(size, 0)
        if w.earlier and size <= SMALL:
            w.fold(w.op(f"call @{w.earlier[-1]}({w.integer()}, {w.integer()})", "r"))
        is_chained = with_cleanup and self.choose.random() < 0.5
        if is_chained:
            self.unwinding_to("late")
            self.statements(max(1, size // 2), 0)
        w.do(f"ret {w.answer}")
        w.unwind = ""
        if is_chained:
            w.label("late")
            self.count(5)
            w.do("br ^cleanup")
        if with_cleanup:
            w.label("cleanup")
            if self.choose.random() < 0.5:
                yes, join = w.name("yes"), w.name("join")
                w.do(f"cond_br {w.op('icmp slt %a, %b')}, ^{yes}, ^{join}")
                w.label(yes)
                self.count(3)
                w.do(f"br ^{join}")
                w.label(join)
            self.count(7)
            w.do("resume")
        return "\n".join([head, *w.lines, "}", ""])

    def unwinding_to(self, cleanup: str) -> None:
        """Goes on in a block whose panics go to ``cleanup``."""
        w = self.w
        w.unwind = cleanup
        body = w.name("body")
        w.do(f"br ^{body}")
        w.label(body)

    def count(self, factor: int) -> None:
        """What a cleanup leaves behind: the order in which cleanups ran can be read off the counter."""
        w = self.w
        place = w.op("global @counter unsafe")
        scaled = w.op(f"mul {w.load(place)}, {w.op(f'const {factor} : i64', 'c')}")
        w.do(f"assign {place}, {w.op(f'add {scaled}, {w.constant()}')}")

    def statements(self, size: int, depth: int) -> None:
        for _ in range(max(1, self.choose.randint(size // 2, size))):
            kind = self.choose.random()
            if depth < 2 and kind < 0.12:
                self.branch(size, depth)
            elif depth < 2 and kind < 0.22:
                self.loop(size, depth)
            elif depth < 2 and kind < 0.28:
                self.switch(size, depth)
            else:
                self.w.fold(self.pick()(self.w))

    def inside(self, size: int, depth: int) -> str:
        """Statements whose values are not seen outside; gives their answer."""
        w = self.w
        scope, answer = list(w.scope), w.answer
        self.statements(max(1, size // 3), depth + 1)
        result, w.scope, w.answer = w.answer, scope, answer
        return result

    def branch(self, size: int, depth: int) -> None:
        w = self.w
        yes, no, join = w.name("yes"), w.name("no"), w.name("join")
        usual = self.choose.choice(["", "", " {likely}", " {unlikely}"])
        w.do(f"cond_br {w.flag()}, ^{yes}, ^{no}{usual}")
        w.label(yes)
        w.do(f"br ^{join}({self.inside(size, depth)})")
        w.label(no)
        w.do(f"br ^{join}({self.inside(size, depth)})")
        w.answer = "%" + w.name("a")
        w.label(join, f"({w.answer}: i64)")

    def loop(self, size: int, depth: int) -> None:
        w = self.w
        head, body, done = w.name("head"), w.name("body"), w.name("done")
        count, zero = w.op(f"const {self.choose.randint(1, 3)} : i64", "n"), w.op("const 0 : i64", "c")
        w.do(f"br ^{head}({zero}, {w.answer})")
        i, w.answer = "%" + w.name("i"), "%" + w.name("a")
        w.label(head, f"({i}: i64, {w.answer}: i64)")
        after = w.answer
        w.do(f"cond_br {w.op(f'icmp ult {i}, {count}')}, ^{body}, ^{done}")
        w.label(body)
        w.scope.append(i)
        result = self.inside(size, depth)
        w.scope.remove(i)
        one = w.op("const 1 : i64", "c")
        w.do(f"br ^{head}({w.op(f'add {i}, {one}')}, {result})")
        w.label(done)
        w.answer = after

    def switch(self, size: int, depth: int) -> None:
        w = self.w
        cases = [w.name("case") for _ in range(3)]
        join = w.name("join")
        w.do(f"switch {w.small(3, 'i64')}, 0 ^{cases[0]}, 1 ^{cases[1]}, ^{cases[2]}")
        for case in cases:
            w.label(case)
            w.do(f"br ^{join}({self.inside(size, depth)})")
        w.answer = "%" + w.name("a")
        w.label(join, f"({w.answer}: i64)")
