"""For each code of ``check-loans`` a program that is refused, with the operation underlined, and what makes it legal.

``altru-opt --explain ALT-B005`` shows them. Example: ``EXAMPLES["ALT-B005"].refused`` is a whole module.

Invariant: of the refused program ``check_memory`` says this code and no other, of the accepted one nothing
(tests/passes/test_loan_examples.py).
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Pair:
    """A program that is refused and one that is accepted."""

    refused: str
    accepted: str


def _pair(head: str, refused: str, accepted: str) -> Pair:
    start = "altru 1\nmodule @example\n" + head.strip("\n") + ("\n" if head else "")
    return Pair(start + refused.strip("\n") + "\n", start + accepted.strip("\n") + "\n")


def _function(signature: str, body: str) -> str:
    lines = "".join(f"  {line.strip()}\n" for line in body.strip("\n").splitlines())
    return f"func @f({signature} {{\n^entry:\n{lines}}}\n"


LOCAL = """
    %x = local : i32
    init %x, %n
"""
READ = """
    %p = deref %r
    %m = load %p
"""

EXAMPLES: dict[str, Pair] = {
    "ALT-B001": _pair(
        "func @both(%a: ref<mut i32>, %b: ref<mut i32>)",
        _function("%n: i32)", LOCAL + "%a = borrow mut %x\n%b = borrow mut %x     // `%a` is needed by the call\n"
                  "call @both(%a, %b)\nret"),
        _function("%n: i32)", LOCAL + "%y = local : i32\ninit %y, %n\n%a = borrow mut %x\n%b = borrow mut %y\n"
                  "call @both(%a, %b)\nret"),
    ),
    "ALT-B002": _pair(
        "",
        _function("%n: i32) -> i32", LOCAL + "%r = borrow %x\nassign %x, %n     // `%r` is used below\n" + READ + "ret %m"),
        _function("%n: i32) -> i32", LOCAL + "%r = borrow %x\n" + READ + "assign %x, %n\nret %m"),
    ),
    "ALT-B003": _pair(
        "func @eat(%o: own<i32>)",
        _function("%o: own<i32>) -> i32", "%c = deref %o\n%r = borrow %c\ncall @eat(%o)      // `%r` leads into it\n"
                  + READ + "ret %m"),
        _function("%o: own<i32>) -> i32", "%c = deref %o\n%r = borrow %c\n" + READ + "call @eat(%o)\nret %m"),
    ),
    "ALT-B004": _pair(
        "",
        _function("%n: i32) -> i32", LOCAL + "%r = borrow mut %x\n%p = deref %r\n%m = load %x      // `%r` stores below\n"
                  "assign %p, %n\nret %m"),
        _function("%n: i32) -> i32", LOCAL + "%r = borrow mut %x\n%p = deref %r\n%m = load %p      // through the reference\n"
                  "assign %p, %n\nret %m"),
    ),
    "ALT-B005": _pair(
        "",
        _function("%n: i32) -> i32", LOCAL + "%r = borrow %x\nend %x             // `%r` is used below\n" + READ + "ret %m"),
        _function("%n: i32) -> i32", LOCAL + "%r = borrow %x\n" + READ + "end %x\nret %m"),
    ),
    "ALT-B006": _pair(
        "",
        _function("%q: ref<i32>) -> ref<i32>", "%x = local : i32\n%p = deref %q\n%n = load %p\ninit %x, %n\n%r = borrow %x\n"
                  "ret %r             // `%x` is no more"),
        _function("%q: ref<i32>) -> own<i32>", "%p = deref %q\n%n = load %p\n%o = new %n : own<i32>\nret %o"),
    ),
    "ALT-B007": _pair(
        "",
        "func @f<'a, 'b>(%x: ref<'a, i32>, %y: ref<'b, i32>) -> ref<'a, i32> {\n^entry:\n  ret %y\n}\n",
        "func @f<'a, 'b: 'a>(%x: ref<'a, i32>, %y: ref<'b, i32>) -> ref<'a, i32> {\n^entry:\n  ret %y\n}\n",
    ),
    "ALT-B008": _pair(
        "",
        _function("%home: ref<mut arena>, %n: i32) -> i32", "%a = deref %home\n%s = borrow %a\n%r = arena.alloc %s, %n\n"
                  "%w = borrow mut %a     // something in it is used below\narena.reset %w\n" + READ + "ret %m"),
        _function("%home: ref<mut arena>, %n: i32) -> i32", "%a = deref %home\n%s = borrow %a\n%r = arena.alloc %s, %n\n"
                  + READ + "%w = borrow mut %a\narena.reset %w\nret %m"),
    ),
    "ALT-B009": _pair(
        "struct @N { const c: cell<i32> }",
        "func @f<'a>(%g: gc<@N>) -> ref<'a, cell<i32>> {\n^entry:\n  %p = deref %g\n  %c = field %p, c\n  %r = borrow %c\n"
        "  ret %r             // only `%g` keeps the object\n}\n",
        "func @f(%g: gc<@N>) -> gc<@N> {\n^entry:\n  %p = deref %g\n  %c = field %p, c\n  %r = borrow %c\n"
        "  %n = cell.get %r\n  cell.set %r, %n\n  ret %g\n}\n",
    ),
    "ALT-B010": _pair(
        "func @work(%r: ref<atomic<i32>>)",
        _function("%n: i32)", "%x = local : atomic<i32>\n%a = atomic.new %n\ninit %x, %a\n%r = borrow %x\n"
                  "%t = spawn @work(%r)\ndrop %t\nend %x             // the thread may still run\nret"),
        _function("%n: i32)", "%x = local : atomic<i32>\n%a = atomic.new %n\ninit %x, %a\n%s = local : thread_scope<'_>\n"
                  "%r = borrow %x\n%t = spawn in %s, @work(%r)\ndrop %t\nend %s             // waits for it\nend %x\nret"),
    ),
    "ALT-B011": _pair(
        "",
        _function("%x: ref<i32>, %y: ref<i32>) -> ref<i32>", "abort"),
        "func @f<'a>(%x: ref<'a, i32>, %y: ref<i32>) -> ref<'a, i32> {\n^entry:\n  ret %x\n}\n",
    ),
    "ALT-B012": _pair(
        "func @g<'a, 'b: 'a>(%x: ref<'a, i32>, %y: ref<'b, i32>) -> ref<'a, i32> {\n^entry:\n  ret %y\n}",
        _function("%n: i32)", "%v = func.ref @g\nret"),
        "func @f<'a>(%x: ref<'a, i32>) -> ref<'a, i32> {\n^entry:\n  %r = call @g(%x, %x)\n  ret %r\n}\n",
    ),
    "ALT-B013": _pair(
        "struct @N { n: i32, const c: cell<i32> }",
        _function("%g: gc<@N>) -> i32", "%o = deref %g\n%f = field %o, n\n%r = borrow %f    // others may assign it\n"
                  + READ + "ret %m"),
        _function("%g: gc<@N>) -> i32", "%o = deref %g\n%f = field %o, n\n%m = load %f\nret %m"),
    ),
    "ALT-B014": _pair(
        "struct @S<'a> { r: ref<'a, i32> } drop @S.drop",
        "func @S.drop(%self: ref<mut @S<'static>>) {\n^entry:\n  ret\n}\n",
        "func @S.drop<'a>(%self: ref<mut @S<'a>>) {\n^entry:\n  ret\n}\n",
    ),
}  # fmt: skip

__all__ = ["EXAMPLES", "Pair"]
