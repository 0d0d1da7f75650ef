"""The text of one function while snippets write it.

Example: ``w.op("add %a, %b")`` writes ``%v1 = add %a, %b`` and gives ``%v1``.
"""

from __future__ import annotations

import random


class Writer:
    """Text of one function: fresh names, the block being written, the integers in scope, the answer so far."""

    def __init__(self, choose: random.Random, earlier: list[str], may_panic: bool) -> None:
        self.choose = choose
        self.earlier = earlier
        self.may_panic = may_panic
        self.lines: list[str] = []
        self.count = 0
        self.scope: list[str] = []  # names of i64 values
        self.answer = ""
        self.unwind = ""

    # -- pieces of text --

    def name(self, hint: str = "v") -> str:
        """A fresh name, without sigil."""
        self.count += 1
        return f"{hint}{self.count}"

    def do(self, text: str) -> None:
        """An operation without a result that matters."""
        self.lines.append(f"  {text}")

    def op(self, text: str, hint: str = "v") -> str:
        """An operation with one result; gives its name with the sigil."""
        name = "%" + self.name(hint)
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, label: str, parameters: str = "") -> None:
        """Begins a block."""
        unwind = f" unwind ^{self.unwind}" if self.unwind else ""
        self.lines.append(f"^{label}{parameters}{unwind}:")

    def call(self, function: str, arguments: str, hint: str = "r") -> str:
        """A call of a library function with a result."""
        return self.op(f"call @{function}({arguments})", hint)

    def load(self, place: str) -> str:
        return self.op(f"load {place}")

    def take(self, place: str) -> str:
        return self.op(f"take {place}")

    def deref(self, pointer: str, unsafe: bool = False) -> str:
        return self.op(f"deref {pointer}{' unsafe' if unsafe else ''}")

    def borrow(self, place: str) -> str:
        return self.op(f"borrow {place}")

    def borrow_mut(self, place: str) -> str:
        return self.op(f"borrow mut {place}")

    def offset(self, pointer: str, by: str) -> str:
        return self.op(f"ptr.add {pointer}, {by}")

    def elem(self, base: str, *indices: str) -> str:
        return self.op(f"elem {base}, {', '.join(indices)}")

    def get(self, cell: str) -> str:
        return self.op(f"cell.get {cell}")

    # -- values --

    def constant(self, type: str = "i64", low: int = -100, high: int = 100) -> str:
        return self.op(f"const {self.choose.randint(low, high)} : {type}", "c")

    def integer(self) -> str:
        """Some i64."""
        if self.scope and self.choose.random() < 0.8:
            return self.choose.choice(self.scope)
        return self.constant()

    def narrow(self, type: str) -> str:
        """Some integer of another width."""
        value = self.integer()
        if type == "i64":
            return value
        return self.op(f"{'zext' if type == 'i128' else 'trunc'} {value} : {type}")

    def wide(self, value: str, type: str) -> str:
        """An integer of ``type`` as an i64."""
        if type in ("i64",):
            return value
        if type in ("usize", "i128"):
            return self.op(f"{'trunc' if type == 'i128' else 'zext'} {value} : i64")
        return self.op(f"{self.choose.choice(['zext', 'sext'])} {value} : i64")

    def small(self, limit: int, type: str = "usize") -> str:
        """A value below ``limit`` that is not a constant."""
        value = self.op(f"urem {self.integer()}, {self.op(f'const {limit} : i64', 'c')}")
        return value if type == "i64" else self.op(f"{'zext' if type == 'usize' else 'trunc'} {value} : {type}")

    def size(self, number: int) -> str:
        return self.op(f"const {number} : usize", "n")

    def flag(self) -> str:
        """Some i1."""
        predicate = self.choose.choice(["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"])
        return self.op(f"icmp {predicate} {self.integer()}, {self.integer()}", "t")

    def log(self) -> tuple[str, str]:
        """A local cell that destructors write to, and a reference to it."""
        cell = self.op(f"cell.new {self.constant()}")
        place = self.op("local : cell<i64>", "log")
        self.do(f"init {place}, {cell}")
        return place, self.op(f"borrow {place}")

    def array(self, n: int) -> str:
        """A local array of ``n`` integers."""
        place = self.op(f"local : [{n} x i64]", "xs")
        literal = ", ".join(str(self.choose.randint(-9, 9)) for _ in range(n))
        self.do(f"init {place}, {self.op(f'const [{literal}] : [{n} x i64]')}")
        return place

    def loud(self, log: str) -> str:
        return self.call("loud", f"{self.integer()}, {log}")

    def fold(self, value: str) -> None:
        """Makes ``value`` part of the answer, and of what later snippets may use."""
        k = self.op("const 31 : i64", "c")
        scaled = self.op(f"mul {self.answer}, {k}")
        self.answer = self.op(f"{self.choose.choice(['add', 'xor', 'sub'])} {scaled}, {value}", "a")
        self.scope.append(value)
        if len(self.scope) > 12:
            del self.scope[self.choose.randrange(6)]
