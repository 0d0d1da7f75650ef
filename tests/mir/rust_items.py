"""The types that a Rust file declares: read from its text after expansion, and from a prelude for the library's.

    struct Pair<'a, T> { left: &'a T, right: Vec<T> }      impl<T> Drop for Pair<'_, T> { ... }

MIR does not say what a struct is made of. The scanner below finds ``struct``, ``enum``, ``union`` and ``impl Drop/Copy for``
wherever they stand, also in the bodies of functions, and reads the types of their fields; nothing else of the language.

Invariant: a type is known by its last name; two that differ make it ambiguous, and its users are refused.
"""

from __future__ import annotations

import re

import attrs

from tests.mir.rust_types import Refused, RustType, Tokens, TypeReader, substitute


@attrs.define
class Variant:
    """A variant, or the only part of a struct: names and types of its fields."""

    name: str
    fields: list[tuple[str, RustType]] = attrs.Factory(list)


@attrs.define
class Item:
    """A declaration: ``kind`` is struct, enum or union."""

    kind: str
    name: str
    regions: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    outlives: tuple[tuple[str, str], ...] = ()
    variants: list[Variant] = attrs.Factory(list)
    discriminants: bool = False
    copies: bool = False
    drops: bool = False
    may_dangle: bool = False
    ambiguous: bool = attrs.field(default=False, eq=False)


PRELUDE = """
enum Option<T> { None, Some(T) }
enum Result<T, E> { Ok(T), Err(E) }
enum ControlFlow<B, C> { Continue(C), Break(B) }
enum Poll<T> { Ready(T), Pending }
enum Bound<T> { Included(T), Excluded(T), Unbounded }
enum Infallible {}
enum AssertKind { Eq, Ne, Match }
enum Cow<'a, B> { Borrowed(&'a B), Owned(Owned<B>) }
enum Ordering { Less = -1, Equal, Greater, Relaxed, Release, Acquire, AcqRel, SeqCst }
enum Entry<'a, K, V> { Occupied(OccupiedEntry<'a, K, V>), Vacant(VacantEntry<'a, K, V>) }
struct Range<T> { start: T, end: T }
struct RangeFrom<T> { start: T }
struct RangeTo<T> { end: T }
struct RangeInclusive<T> { start: T, end: T, exhausted: bool }
struct RangeFull;
union MaybeUninit<T> { uninit: (), value: ManuallyDrop<T> }
struct ManuallyDrop<T> { value: MaybeDangling<T> }
struct MaybeDangling<T>(T);
struct Pin<T> { pointer: T }
struct Wrapping<T>(T);
struct Reverse<T>(T);
struct Saturating<T>(T);
struct AssertUnwindSafe<T>(T);
"""


def read_items(expanded: str) -> dict[str, Item]:
    """The declarations of a text and of the prelude, by name."""
    found: dict[str, Item] = {}
    _scan(PRELUDE, found)
    for item in found.values():
        item.copies = item.name not in ("Range", "RangeFrom", "RangeInclusive", "Entry")
    own: dict[str, Item] = {}
    _scan(expanded, own)
    found.update(own)
    aliases = _aliases(_blank(expanded), found)
    for item in own.values():
        for variant in item.variants:
            variant.fields = [(name, _without_aliases(type, aliases)) for name, type in variant.fields]
    return found


Alias = tuple[tuple[str, ...], tuple[str, ...], RustType]


def _aliases(text: str, items: dict[str, Item]) -> dict[str, Alias]:
    """``type A<'a, T> = ...;``"""
    found: dict[str, Alias] = {}
    for match in re.finditer(r"\btype\s+([A-Za-z_]\w*)\s*(?=[<=])", text):
        if match[1] in items:
            continue
        tokens = Tokens(text, match.end())
        regions, parameters, _, _ = _generics(tokens)
        try:
            if tokens.take("="):
                found[match[1]] = regions, parameters, TypeReader(tokens, frozenset(parameters)).read()
        except Refused:
            continue
    return found


def _without_aliases(type: RustType, aliases: dict[str, Alias]) -> RustType:
    parts = tuple(_without_aliases(part, aliases) for part in type.parts)
    if type.kind == "adt" and type.name in aliases:
        regions, parameters, meant = aliases[type.name]
        given = dict(zip(regions, type.regions or ("'_",) * len(regions), strict=False))
        return substitute(meant, dict(zip(parameters, parts, strict=False)), given)
    return attrs.evolve(type, parts=parts)


def _scan(text: str, found: dict[str, Item]) -> None:
    text = _blank(text)
    for match in re.finditer(r"\b(struct|enum|union)\s+([A-Za-z_]\w*)\s*(?=[<{(;w])", text):
        if match[1] == "union" and not re.search(r"(?:^|[\s;}])$", text[: match.start()][-1:]):
            continue
        item = _item(match[1], match[2], Tokens(text, match.end()))
        item.ambiguous = item.name in found and (found[item.name].ambiguous or found[item.name] != item)
        found[item.name] = item
    for match in re.finditer(r"\bimpl\b", text):
        _implementation(Tokens(text, match.end()), found)


def _blank(text: str) -> str:
    """``text`` without comments, and without what stands in string literals."""
    pattern = r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:[^"\\]|\\.)*"'
    return re.sub(pattern, lambda m: " " if m[0].startswith("/") else '""', text, flags=re.S)


def _generics(tokens: Tokens) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...], bool]:
    """``<'a, 'b: 'a, T: Bound, const N: usize>``."""
    regions: list[str] = []
    parameters: list[str] = []
    outlives: list[tuple[str, str]] = []
    dangling = False
    if tokens.peek() != "<":
        return (), (), (), False
    tokens.next()
    while not tokens.take(">") and tokens.peek():
        while tokens.take("#"):
            start = tokens.at
            tokens.skip_balanced()
            dangling = dangling or "may_dangle" in tokens.text[start : tokens.at]
        if tokens.kind == "region":
            name = tokens.next()
            regions.append(name)
            if tokens.take(":"):
                while tokens.kind == "region":
                    outlives.append((name, tokens.next()))
                    tokens.take("+")
        else:
            if tokens.take("const"):
                pass
            parameters.append(tokens.next())
            _skip_bound(tokens)
        tokens.take(",")
    return tuple(regions), tuple(parameters), tuple(outlives), dangling


def _skip_bound(tokens: Tokens, stops: tuple[str, ...] = (",", ">")) -> None:
    while tokens.peek() and tokens.peek() not in stops:
        if tokens.peek() == "<":
            tokens.skip_angles()
        elif tokens.peek() in ("(", "[", "{"):
            tokens.skip_balanced()
        else:
            tokens.next()


def _item(kind: str, name: str, tokens: Tokens) -> Item:
    regions, parameters, outlives, _ = _generics(tokens)
    item = Item(kind, name, regions, parameters, outlives)
    if tokens.peek() == "where":
        _skip_bound(tokens, ("{", ";", "("))
    if kind != "enum":
        item.variants.append(Variant(name, _fields(tokens, parameters)))
        return item
    tokens.expect("{")
    while not tokens.take("}") and tokens.peek():
        while tokens.take("#"):
            tokens.skip_balanced()
        variant = Variant(tokens.next())
        if tokens.peek() in ("{", "("):
            variant.fields = _fields(tokens, parameters)
        if tokens.take("="):
            item.discriminants = True
            _skip_bound(tokens, (",", "}"))
        tokens.take(",")
        item.variants.append(variant)
    return item


def _fields(tokens: Tokens, parameters: tuple[str, ...]) -> list[tuple[str, RustType]]:
    close = {"{": "}", "(": ")"}.get(tokens.peek())
    if close is None:
        return []
    named = tokens.next() == "{"
    found: list[tuple[str, RustType]] = []
    while not tokens.take(close) and tokens.peek():
        while tokens.take("#"):
            tokens.skip_balanced()
        if tokens.take("pub") and tokens.peek() == "(":
            tokens.skip_balanced()
        name = str(len(found))
        if named:
            name = tokens.next()
            tokens.expect(":")
        try:
            type = TypeReader(tokens, frozenset(parameters)).read()
        except Refused:
            type = RustType("opaque", f"unread field {name}")
            _skip_bound(tokens, (",", close))
        found.append((name, type))
        tokens.take(",")
    return found


def _implementation(tokens: Tokens, found: dict[str, Item]) -> None:
    *_, dangling = _generics(tokens)
    name = ""
    while tokens.peek() not in ("for", "{", ";", "where", "") and len(name) < 200:
        if tokens.peek() == "<":
            tokens.skip_angles()
        elif tokens.peek() in ("(", "["):
            return
        else:
            name = tokens.next()
    if not tokens.take("for") or name not in ("Drop", "Copy"):
        return
    target = ""
    while tokens.kind in ("word", "mark") and tokens.peek() not in ("<", "{", "where", ""):
        target = tokens.next()
    if target in found:
        if name == "Drop":
            found[target].drops = True
            found[target].may_dangle = dangling
        else:
            found[target].copies = True
