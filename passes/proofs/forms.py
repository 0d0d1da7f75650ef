"""Linear forms: the arithmetic that the prover does with them.

    taken_out({n: 1, i: -2, 0: -1}, i, {k: 1, i: -1})  ==  1, 2, {n: 1, k: -2, 0: -1}

A form is a dict from numbers to coefficients, with the constant under 0.

Invariant: no coefficient of a form is 0.
"""

from __future__ import annotations

from math import gcd

from altru_ir.passes.analysis.facts import Form


def scaled(goal: Form, a: int, b: int) -> tuple[int, int, Form]:  # 2
    """``scale``, ``multiplier``, and ``scale * goal + scale - 1``: less multiplier times a fact, a is taken out by b."""
    common = gcd(a, b)
    scale, multiplier = abs(b) // common, a // common if b > 0 else -a // common
    rest = goal.copy() if scale == 1 else {each: scale * coefficient for each, coefficient in goal.items()}
    if scale > 1:
        constant = rest.get(0, 0) + scale - 1
        if constant:
            rest[0] = constant
        else:
            del rest[0]
    return scale, multiplier, rest


def taken_out(goal: Form, number: int, fact: Form) -> tuple[int, int, Form]:  # 2
    """``scale`` and ``multiplier``, and ``scale * goal + scale - 1 - multiplier * fact``, which is without ``number``."""
    scale, multiplier, rest = scaled(goal, goal[number], fact[number])
    return scale, multiplier, less(rest, multiplier, fact)


def less(goal: Form, multiplier: int, fact: Form) -> Form:
    """``goal - multiplier * fact``."""
    rest = goal.copy()
    for each, coefficient in fact.items():
        left = rest.get(each, 0) - multiplier * coefficient
        if left:
            rest[each] = left
        else:
            rest.pop(each, None)
    return rest


def replaced(goal: Form, replacement: dict[int, Form]) -> Form:
    """``goal`` with forms in the place of numbers."""
    found: Form = {}
    for each, coefficient in goal.items():
        form = replacement.get(each)
        if form is None:
            found[each] = found.get(each, 0) + coefficient
        else:
            for other, factor in form.items():
                found[other] = found.get(other, 0) + coefficient * factor
    return {each: coefficient for each, coefficient in found.items() if coefficient}
