"""Functions in which checks are many, in ways that may cost more than their number.

Each takes a size and gives a module as text, with checks in proportion to the size: ``insert-checks`` finds the places. The
names say what grows: loops one after the other, accesses in one block, loops in each other, tests that dominate each other,
numbers that are compared with each other, slices, and indices that nothing bounds.

    ^head0(%i0: usize):                     // LOOPS["loops"], as often as the size says
      %more0 = icmp ult %i0, %k
      cond_br %more0, ^body0, ^done0
    ^body0: ... %x0 = load %t0 ...          // two checks that can be proven
"""

from __future__ import annotations

from collections.abc import Callable

HEAD = ["altru 1", "module @shapes"]


def loops(size: int) -> str:
    """Loops one after the other, each with two checks that can be proven."""
    lines = [*HEAD, "func @f(%a: ref<mut [? x i64]>, %b: ref<[? x i64]>) {", "^entry:"]
    lines += ["  %zero = const 0 : usize", "  %one = const 1 : usize", "  %n = slice.len %a", "  %m = slice.len %b"]
    lines += ["  %k = umin %n, %m", "  br ^head0(%zero)"]
    for i in range(size):
        lines += [f"^head{i}(%i{i}: usize):", f"  %more{i} = icmp ult %i{i}, %k"]
        lines += [f"  cond_br %more{i}, ^body{i}, ^done{i}", f"^body{i}:", f"  %p{i} = deref %a", f"  %q{i} = deref %b"]
        lines += [f"  %s{i} = elem %p{i}, %i{i}", f"  %t{i} = elem %q{i}, %i{i}", f"  %x{i} = load %t{i}"]
        lines += [f"  assign %s{i}, %x{i}", f"  %next{i} = add %i{i}, %one", f"  br ^head{i}(%next{i})", f"^done{i}:"]
        lines.append(f"  br ^head{i + 1}(%zero)" if i + 1 < size else "  ret")
    return "\n".join([*lines, "}\n"])


def block(size: int) -> str:
    """Accesses in one block behind one test: every other one at a constant distance, which can be proven."""
    lines = [*HEAD, "func @f(%a: ref<[? x i64]>, %i: usize) -> i64 {", "^entry:", "  %n = slice.len %a"]
    lines += [f"  %most = const {size} : usize", "  %big = icmp ugt %n, %most", "  %seq = deref %a"]
    lines += ["  %none = const 0 : i64", "  cond_br %big, ^good, ^bad", "^bad:", "  ret %none", "^good:"]
    total = "%none"
    for i in range(size):
        lines.append(f"  %c{i} = const {i} : usize")
        if i % 2:
            lines.append(f"  %at{i} = add %i, %c{i}")
        lines += [f"  %s{i} = elem %seq, %{'at' if i % 2 else 'c'}{i}", f"  %x{i} = load %s{i}"]
        lines.append(f"  %t{i} = add {total}, %x{i}")
        total = f"%t{i}"
    return "\n".join([*lines, f"  ret {total}", "}\n"])


def nest(size: int) -> str:
    """Loops in each other, each with an access by its own number and one by the outermost."""
    lines = [*HEAD, "func @f(%a: ref<mut [? x i64]>) {", "^entry:", "  %zero = const 0 : usize", "  %one = const 1 : usize"]
    lines += ["  %x = const 1 : i64", "  %n = slice.len %a", "  %p = deref %a", "  br ^head0(%zero)"]
    for i in range(size):
        lines += [f"^head{i}(%i{i}: usize):", f"  %more{i} = icmp ult %i{i}, %n", f"  cond_br %more{i}, ^body{i}, ^done{i}"]
        lines += [f"^body{i}:", f"  %s{i} = elem %p, %i{i}", f"  assign %s{i}, %x", f"  %t{i} = elem %p, %i0"]
        lines += [f"  assign %t{i}, %x", f"  br ^head{i + 1}(%zero)" if i + 1 < size else f"  br ^latch{i}"]
    for i in reversed(range(size)):
        lines += [f"^latch{i}:", f"  %next{i} = add %i{i}, %one", f"  br ^head{i}(%next{i})", f"^done{i}:"]
        lines.append(f"  br ^latch{i - 1}" if i else "  ret")
    return "\n".join([*lines, "}\n"])


def chain(size: int) -> str:
    """Tests below each other, of one number against one more each, and an access behind each."""
    given = "".join(f", %m{i}: usize" for i in range(size))
    lines = [*HEAD, f"func @f(%a: ref<mut [? x i64]>, %i: usize{given}) {{", "^entry:", "  %x = const 1 : i64"]
    lines += ["  %n = slice.len %a", "  %p = deref %a", "  br ^test0"]
    for i in range(size):
        lines += [f"^test{i}:", f"  %less{i} = icmp ult %i, %m{i}", f"  cond_br %less{i}, ^on{i}, ^out", f"^on{i}:"]
        lines += [f"  %fits{i} = icmp ule %m{i}, %n", f"  cond_br %fits{i}, ^in{i}, ^out", f"^in{i}:"]
        lines += [f"  %s{i} = elem %p, %i", f"  assign %s{i}, %x", f"  br ^test{i + 1}" if i + 1 < size else "  br ^out"]
    return "\n".join([*lines, "^out:", "  ret", "}\n"])


def numbers(size: int) -> str:
    """Numbers that are each below the next one, the last one below a length, and an access by each."""
    given = "".join(f", %i{i}: usize" for i in range(size))
    lines = [*HEAD, f"func @f(%a: ref<mut [? x i64]>{given}) {{", "^entry:", "  %x = const 1 : i64"]
    lines += ["  %n = slice.len %a", "  %p = deref %a", "  br ^test0"]
    for i in range(size):
        other = f"%i{i + 1}" if i + 1 < size else "%n"
        lines += [f"^test{i}:", f"  %less{i} = icmp ult %i{i}, {other}"]
        lines.append(f"  cond_br %less{i}, ^{f'test{i + 1}' if i + 1 < size else 'all'}, ^out")
    lines.append("^all:")
    for i in range(size):
        lines += [f"  %s{i} = elem %p, %i{i}", f"  assign %s{i}, %x"]
    return "\n".join([*lines, "  br ^out", "^out:", "  ret", "}\n"])


def slices(size: int) -> str:
    """Slices that one loop goes over at once, up to the least of their lengths."""
    given = ", ".join(f"%a{i}: ref<mut [? x i64]>" for i in range(size))
    lines = [*HEAD, f"func @f({given}) {{", "^entry:", "  %zero = const 0 : usize", "  %one = const 1 : usize"]
    lines += ["  %x = const 1 : i64", *(f"  %n{i} = slice.len %a{i}" for i in range(size)), "  %k0 = umin %n0, %n0"]
    lines += [f"  %k{i} = umin %k{i - 1}, %n{i}" for i in range(1, size)]
    lines += ["  br ^head(%zero)", "^head(%i: usize):", f"  %more = icmp ult %i, %k{size - 1}", "  cond_br %more, ^body, ^done"]
    lines.append("^body:")
    for i in range(size):
        lines += [f"  %p{i} = deref %a{i}", f"  %s{i} = elem %p{i}, %i", f"  assign %s{i}, %x"]
    return "\n".join([*lines, "  %next = add %i, %one", "  br ^head(%next)", "^done:", "  ret", "}\n"])


def loaded(size: int) -> str:
    """Loops one after the other with an index that is loaded, of which nothing is known."""
    lines = [*HEAD, "func @f(%a: ref<mut [? x i64]>, %b: ref<[? x usize]>) {", "^entry:", "  %zero = const 0 : usize"]
    lines += ["  %one = const 1 : usize", "  %one64 = const 1 : i64", "  %m = slice.len %b", "  br ^head0(%zero)"]
    for i in range(size):
        lines += [f"^head{i}(%i{i}: usize):", f"  %more{i} = icmp ult %i{i}, %m"]
        lines += [f"  cond_br %more{i}, ^body{i}, ^done{i}", f"^body{i}:", f"  %p{i} = deref %a", f"  %q{i} = deref %b"]
        lines += [f"  %t{i} = elem %q{i}, %i{i}", f"  %j{i} = load %t{i}", f"  %s{i} = elem %p{i}, %j{i}"]
        lines += [f"  assign %s{i}, %one64", f"  %next{i} = add %i{i}, %one", f"  br ^head{i}(%next{i})", f"^done{i}:"]
        lines.append(f"  br ^head{i + 1}(%zero)" if i + 1 < size else "  ret")
    return "\n".join([*lines, "}\n"])


SHAPES: dict[str, Callable[[int], str]] = {
    "loops": loops,
    "block": block,
    "nest": nest,
    "chain": chain,
    "numbers": numbers,
    "slices": slices,
    "loaded": loaded,
}
