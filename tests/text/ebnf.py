"""The published grammar, read: sentences are derived from it, and token sequences recognized, both without the parser.

    Grammar(GRAMMAR).derive("type", choose)          # ["ref", "<", "mut", "i32", ">"]
    Grammar(GRAMMAR).accepts("type", ["i32"])        # True

The notation is that of the grammar itself: ``[x]``, ``x*``, ``x+``, ``x | y``, ``( )`` and terminals in quotes. Names in
capitals without a definition in that notation are the classes of tokens below; ``format`` follows from the declarations.

A rule is recognized as the set of the ends of what it derives from a given start, remembered by rule and start. The grammar has
no left recursion, so this ends, and it decides: no alternative is preferred.
"""

from __future__ import annotations

import random
import re
from typing import Any

from altru_ir import declare
from altru_ir import ops as _ops  # noqa: F401
from altru_ir.declare import Declaration, Item

_WORDS = r'"(?:[^"\\\n]|\\.)*"'
CLASSES = {
    "DIGITS": r"\d+",
    "INTEGER": r"0[xX][0-9a-fA-F]+|\d+",
    "SIGNED": r"-?(?:0[xX][0-9a-fA-F]+|\d+)",
    "FLOAT": r"-?\d+\.\d+(?:[eE][+-]?\d+)?",
    "STRING": _WORDS,
    "BYTES": "b" + _WORDS,
    "VALUE": rf"%(?:[\w.$]+|{_WORDS})",
    "SYMBOL": rf"@(?:[\w.$]+|{_WORDS})",
    "BLOCK": rf"\^(?:[\w.$]+|{_WORDS})",
    "REGION": r"'[A-Za-z_]\w*",
    "PARAMETER": r"'(?!static\b|_\b)[A-Za-z_]\w*",
    "NAME": rf"[A-Za-z_]\w*(?:\.\w+)*|{_WORDS}",
}
SAMPLES = {
    "DIGITS": ["0", "1", "17"],
    "INTEGER": ["0", "1", "7", "42", "0x1F"],
    "SIGNED": ["0", "-1", "7", "127", "0x10", "-0x1"],
    "FLOAT": ["0.5", "-1.0", "2.5e-3", "1.0E+7"],
    "STRING": ['""', '"text"', r'"a\n\"\\ \x7f"', '"ü"'],
    "BYTES": ['b""', r'b"\x00\xff"'],
    "VALUE": ["%a", "%b", "%0", "%c.1", '%"odd name"'],
    "SYMBOL": ["@S", "@T", "@f", '@"Vec<i32>"'],
    "BLOCK": ["^entry", "^b1", '^"a b"'],
    "REGION": ["'a", "'b", "'static", "'_"],
    "PARAMETER": ["'a", "'b", "'c"],
    "NAME": ["x", "data", "Some", '"odd field"'],
}
Tree = tuple[Any, ...]  # ("is", text) ("class", name) ("rule", name) ("all", trees) ("any", trees) ("maybe", t) ("many", t, n)


class Grammar:
    """``rules`` by name, as trees."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, Tree] = {}
        parts = re.split(r"^(\w+) *= ", re.sub(r"\n  +", " ", text), flags=re.MULTILINE)
        self.informal: set[str] = set()
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in CLASSES or name == "WORD":
                continue
            try:
                self.rules[name] = _Reader(body).whole()
            except ValueError:
                self.informal.add(name)
        self.formats = {decl.name: format_of(decl) for decl in declare.table().values() if "altru_ir" in decl.declared_in}

    # -- derivation --

    def derive(self, rule: str, choose: random.Random, depth: int = 12) -> list[str]:
        """A random sentence. Below ``depth`` rules the shortest way is taken."""
        return self._derive(self.rules[rule], choose, depth)

    def _derive(self, tree: Tree, choose: random.Random, depth: int) -> list[str]:
        kind = tree[0]
        if kind == "is":
            return [tree[1]]
        if kind == "class":
            return [choose.choice(SAMPLES[tree[1]])]
        if kind == "rule":
            if tree[1] == "operation":
                return self.operation(choose, choose.choice(sorted(self.formats)), depth - 1)
            return self._derive(self.rules[tree[1]], choose, depth - 1)
        if kind == "all":
            return [token for each in tree[1] for token in self._derive(each, choose, depth)]
        if kind == "any":
            ways = tree[1] if depth > 0 else [min(tree[1], key=_weight)]
            return self._derive(choose.choice(ways), choose, depth)
        if kind == "maybe":
            return self._derive(tree[1], choose, depth) if depth > 0 and choose.random() < 0.4 else []
        _, inner, least = tree
        count = least + (choose.choice([0, 0, 1, 1, 2, 3]) if depth > 0 else 0)
        return [token for _ in range(count) for token in self._derive(inner, choose, depth)]

    def operation(self, choose: random.Random, name: str, depth: int = 6) -> list[str]:
        """An operation with results, and with a type behind it, as its declaration says: how many is no matter of grammar."""
        decl = declare.table()[name]
        count = len(decl.results) if all(not r.spread for r in decl.results) else choose.randrange(1, 3)
        if any(r.optional for r in decl.results):
            count = 0 if decl.callee is not None else choose.randrange(count + 1)  # of an unknown callee nobody knows
        names = [choose.choice(["%r", "%s", "%t"]) + str(choose.randrange(10**6)) for _ in range(count)]
        out = [token for at, name in enumerate(names) for token in ([",", name] if at else [name])]
        out += ["=", decl.name] if names else [decl.name]
        out += self._derive(self.formats[decl.name], choose, depth)
        if choose.random() < 0.2:
            out += self.derive("attributes", choose, depth)
        if choose.random() < 0.2:
            out.append("unsafe")
        if decl.written is not None:
            out += [":", *self.derive("type", choose, depth)]
        if choose.random() < 0.2:
            out += self.derive("location", choose, depth)
        return out

    # -- recognition --

    def accepts(self, rule: str, tokens: list[str]) -> bool:
        """Whether the rule derives exactly these tokens."""
        return len(tokens) in _Recognizer(self, tokens).ends(("rule", rule), 0)


class _Recognizer:
    def __init__(self, grammar: Grammar, tokens: list[str]) -> None:
        self.grammar = grammar
        self.tokens = tokens
        self.known: dict[tuple[str, int], frozenset[int]] = {}

    def ends(self, tree: Tree, start: int) -> frozenset[int]:
        kind = tree[0]
        token = self.tokens[start] if start < len(self.tokens) else ""
        if kind == "is":
            return frozenset({start + 1}) if token == tree[1] else frozenset()
        if kind == "class":
            return frozenset({start + 1}) if re.fullmatch(CLASSES[tree[1]], token) else frozenset()
        if kind == "rule":
            key = (tree[1], start)
            if key not in self.known:
                self.known[key] = self.ends(self.body(tree[1], start), start)
            return self.known[key]
        if kind == "all":
            reached = frozenset({start})
            for each in tree[1]:
                reached = frozenset().union(*(self.ends(each, at) for at in reached))
            return reached
        if kind == "any":
            return frozenset().union(*(self.ends(each, start) for each in tree[1]))
        if kind == "maybe":
            return self.ends(tree[1], start) | {start}
        _, inner, least = tree
        found, last = (frozenset() if least else frozenset({start})), frozenset({start})
        while last:
            last = frozenset().union(*(self.ends(inner, at) for at in last)) - found
            found |= last
        return found

    def body(self, rule: str, start: int) -> Tree:
        """The rule; ``MNEMONIC format`` of an operation is that of the mnemonic which stands there."""
        if rule != "operation":
            return self.grammar.rules[rule]
        at = start
        while at < len(self.tokens) and (self.tokens[at][:1] == "%" or self.tokens[at] in (",", "=")):
            at += 1
        whole = self.grammar.rules["operation"]
        name = self.tokens[at] if at < len(self.tokens) else ""
        inside = ("all", (("is", name), self.grammar.formats.get(name, ("any", ()))))
        steps = list(whole[1])
        position = steps.index(("class", "MNEMONIC"))
        return ("all", (*steps[:position], inside, *steps[position + 2 :]))


def _weight(tree: Tree) -> int:
    """How much a shortest derivation is: by what it names."""
    if tree[0] in ("is", "class"):
        return 1
    if tree[0] == "rule":
        return 1 if tree[1].isupper() else 5
    if tree[0] == "all":
        return sum(_weight(each) for each in tree[1])
    if tree[0] == "any":
        return min(_weight(each) for each in tree[1])
    return tree[2] * _weight(tree[1]) if tree[0] == "many" else 0


class _Reader:
    """Reads the right side of a rule. Raises ``ValueError`` where it is prose."""

    def __init__(self, text: str) -> None:
        self.tokens = re.findall(r'"(?:\\.|[^"\\])*"|[A-Za-z]+|[\[\]()|*+]|\S', text)
        self.at = 0

    def whole(self) -> Tree:
        found = self.alternatives()
        if self.at < len(self.tokens):
            raise ValueError(self.tokens[self.at])
        return found

    def alternatives(self) -> Tree:
        ways = [self.sequence()]
        while self.at < len(self.tokens) and self.tokens[self.at] == "|":
            self.at += 1
            ways.append(self.sequence())
        return ways[0] if len(ways) == 1 else ("any", tuple(ways))

    def sequence(self) -> Tree:
        found = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in "])|":
            found.append(self.one())
        if not found:
            raise ValueError("nothing")
        return found[0] if len(found) == 1 else ("all", tuple(found))

    def one(self) -> Tree:
        token = self.tokens[self.at]
        self.at += 1
        if token in "([":
            inner = self.alternatives()
            if self.at >= len(self.tokens) or self.tokens[self.at] != {"(": ")", "[": "]"}[token]:
                raise ValueError(token)
            self.at += 1
            found = inner if token == "(" else ("maybe", inner)
        elif token[0] == '"':
            found = ("is", re.sub(r"\\(.)", r"\1", token[1:-1]))
            if " " in found[1]:
                raise ValueError(token)
        elif token.isalpha():
            found = ("class", token) if token in CLASSES or token == "MNEMONIC" else ("rule", token)
        else:
            raise ValueError(token)
        while self.at < len(self.tokens) and self.tokens[self.at] in "*+":
            found = ("many", found, int(self.tokens[self.at] == "+"))
            self.at += 1
        return found


# -- formats -------------------------------------------------------------------------------------------------------------


def format_of(decl: Declaration) -> Tree:
    """What stands behind a mnemonic, of the grammar's own rules."""
    return ("all", tuple(_item(item) for item in decl.items))


def _item(item: Item, *, present: bool = False) -> Tree:
    element = item.element
    if item.group:
        first, *rest = item.group
        return ("maybe", ("all", (_item(first, present=True), *(_item(each) for each in rest))))
    if element is None:
        return ("is", item.text)
    if isinstance(element, declare.Operand):
        several = ("all", (("class", "VALUE"), ("many", ("all", (("is", ","), ("class", "VALUE"))), 0)))
        if element.variadic:
            return ("maybe", several)
        return ("maybe", ("class", "VALUE")) if element.optional else ("class", "VALUE")
    if isinstance(element, declare.Flag):
        return ("is", element.word) if present else ("maybe", ("is", element.word))
    if isinstance(element, declare.WordOf):
        return ("any", tuple(("is", word) for word in element.choices))
    if isinstance(element, declare.Cases):
        case = ("class", "NAME") if element.names else ("any", (("class", "SIGNED"), ("is", "true"), ("is", "false")))
        edge = ("all", (("maybe", case), ("rule", "edge")))
        return ("all", (edge, ("many", ("all", (("is", ","), edge)), 0)))
    simple: dict[type, Tree] = {
        declare.Name: ("any", (("class", "NAME"), ("class", "DIGITS"))),
        declare.SymbolOf: ("class", "SYMBOL"),
        declare.TypeOf: ("rule", "type"),
        declare.Callee: ("rule", "callee"),
        declare.Target: ("rule", "edge"),
        declare.Literal: ("rule", "literal"),
    }
    found = simple[type(element)]
    return ("maybe", found) if isinstance(element, declare.Literal) and element.optional else found
