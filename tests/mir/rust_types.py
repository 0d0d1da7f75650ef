"""Types as rustc spells them, read into terms: in dumps of MIR, in declarations, and in the types of constants.

    &'?3 mut std::vec::Vec<(i32, &'a str)>

is ``RustType("ref_mut", "", ("'?3",), (RustType("adt", "Vec", (), (tuple, ...)),))``. A path is its last segment, so that the
long and the short spellings that rustc mixes are one type; parameters that stand for an allocator or a hasher are left out for
the same reason. Regions are kept as they are spelled, in the order of the text.

Invariant: ``spell`` of a type without regions is one name for it, whatever spelling it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import attrs


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<region>'\?\d+|'\^[\w.]+(?:\(DefId\([^()]*\)\))?|'\{erased\}|'[A-Za-z_]\w*(?!'))
    | (?P<word>\{(?:closure|impl|constant|opaque)\#\d+\}|[A-Za-z_][\w]*(?:\#\d+)?|\d[\w]*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.[^']*)')
    | (?P<mark>::|->|\.\.=|\.\.|=>|.)
    )""",
    re.X | re.S,
)

SCALARS = frozenset(
    [
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "str",
    ]
)
_LEFT_OUT = frozenset({"Global", "RandomState", "System"})
_OPEN, _CLOSE = "([{", ")]}"


class Refused(Exception):
    """What the importer does not translate; the message is the reason it is counted under."""


@attrs.frozen
class RustType:
    """A type: ``kind``, a ``name`` where the kind has one, its ``regions`` and its ``parts``.

    Kinds: scalar, never, adt, param, ref, ref_mut, ptr, ptr_mut, slice, array, tuple, fn, fn_item, closure, dyn, opaque,
    projection. The parts of functions are the parameters and the result; those of a closure, what it captures,
    and its regions those of its signature that it does not bind.
    """

    kind: str
    name: str = ""
    regions: tuple[str, ...] = ()
    parts: tuple[RustType, ...] = ()

    @property
    def is_copied_pointer(self) -> bool:
        return self.kind in ("ref", "ptr", "ptr_mut", "fn", "fn_item")


UNIT = RustType("tuple")


class Tokens:
    """The tokens of a text with a position; ``peek`` and ``next`` give their spellings, the empty string at the end."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at
        self._seen = -1
        self._next = ("", "", at)

    def _read(self) -> tuple[str, str, int]:
        if self._seen != self.at:
            found = _TOKEN.match(self.text, self.at)
            if found is None or found.lastgroup is None:
                self._next = ("end", "", len(self.text))
            else:
                self._next = (found.lastgroup, found[found.lastgroup], found.end())
            self._seen = self.at
        return self._next

    @property
    def kind(self) -> str:
        return self._read()[0]

    def peek(self) -> str:
        return self._read()[1]

    def next(self) -> str:
        _, spelled, end = self._read()
        self.at = end
        return spelled

    def take(self, wanted: str) -> bool:
        """Whether the next token is ``wanted``; then it is passed."""
        if self.peek() == wanted:
            self.next()
            return True
        return False

    def expect(self, wanted: str) -> None:
        found = self.next()
        if found != wanted:
            raise Refused(f"unread text: `{wanted}` expected, `{found}` found")

    def skip_balanced(self) -> None:
        """Passes a bracketed group, the next token being its opening bracket."""
        depth = 0
        while True:
            token = self.next()
            if token == "":
                return
            depth += (token in _OPEN) - (token in _CLOSE)
            if depth == 0:
                return

    def skip_angles(self) -> None:
        """Passes ``<...>``."""
        depth = 0
        while True:
            token = self.next()
            depth += (token == "<") - (token == ">")
            if depth == 0 or token == "":
                return


class TypeReader:
    """Reads types from ``tokens``; ``parameters`` are the names that stand for types."""

    def __init__(self, tokens: Tokens, parameters: frozenset[str] = frozenset()) -> None:
        self.tokens = tokens
        self.parameters = parameters

    def read(self) -> RustType:
        tokens = self.tokens
        token = tokens.peek()
        if token == "&":
            tokens.next()
            region = tokens.next() if tokens.kind == "region" else "'_"
            mutable = tokens.take("mut")
            return RustType("ref_mut" if mutable else "ref", "", (region,), (self.read(),))
        if token == "*":
            tokens.next()
            mutable = tokens.next() == "mut"
            return RustType("ptr_mut" if mutable else "ptr", "", (), (self.read(),))
        if token == "(":
            return self._tuple()
        if token == "[":
            return self._sequence()
        if token == "!":
            tokens.next()
            return RustType("never")
        if token == "{":
            return self._closure()
        if token in ("for", "fn", "extern", "unsafe"):
            return self._function()
        if token in ("dyn", "impl"):
            return self._bounds()
        if token == "<":
            return self._projection()
        if token == "_":
            raise Refused("an inferred type")
        return self._path()

    def _tuple(self, always: bool = False) -> RustType:
        self.tokens.expect("(")
        parts: list[RustType] = []
        comma = False
        while not self.tokens.take(")"):
            parts.append(self.read())
            comma = self.tokens.take(",")
        if len(parts) == 1 and not comma and not always:
            return parts[0]
        return RustType("tuple", "", (), tuple(parts))

    def _sequence(self) -> RustType:
        tokens = self.tokens
        tokens.expect("[")
        element = self.read()
        if tokens.take("]"):
            return RustType("slice", "", (), (element,))
        tokens.expect(";")
        length = ""
        while tokens.peek() not in ("]", ""):
            if tokens.peek() in _OPEN:
                start = tokens.at
                tokens.skip_balanced()
                length += tokens.text[start : tokens.at]
            else:
                length += tokens.next()
        tokens.expect("]")
        return RustType("array", str(read_length(length)), (), (element,))

    def _closure(self) -> RustType:
        tokens = self.tokens
        tokens.expect("{")
        name = ""
        while tokens.peek() not in ("closure_kind_ty", "}", ""):
            if tokens.peek() == "<":
                tokens.skip_angles()
            else:
                name += tokens.next()
        captured: tuple[RustType, ...] = ()
        regions: tuple[str, ...] = ()
        while not tokens.take("}"):
            key = tokens.next()
            if not tokens.take("="):
                raise Refused("a coroutine or a type like it")
            if key == "upvar_tys":
                captured = self._captured()
            elif key == "closure_sig_as_fn_ptr_ty":
                regions = tuple(region for part in walk(self.read()) for region in part.regions if not region.startswith("'^"))
            else:
                self.read()
        return RustType("closure", name, regions, captured)

    def _captured(self) -> tuple[RustType, ...]:
        whole = self._tuple()
        return whole.parts if whole.kind == "tuple" else (whole,)

    def _function(self) -> RustType:
        tokens = self.tokens
        while tokens.peek() != "fn":
            token = tokens.next()
            if token == "for":
                self._binder()
            elif token == "":
                raise Refused("unread text: a function type")
        tokens.expect("fn")
        tokens.expect("(")
        parts: list[RustType] = []
        while not tokens.take(")"):
            if tokens.take(".."):
                tokens.take(".")
                continue
            parts.append(self.read())
            tokens.take(",")
        parts.append(self.read() if tokens.take("->") else UNIT)
        if tokens.peek() == "{":
            start = tokens.at
            tokens.skip_balanced()
            name = re.sub(r"'\?\d+|'\^[\w.]+(?:\(DefId\([^()]*\)\))?", "'_", tokens.text[start : tokens.at].strip())
            return RustType("fn_item", name, (), tuple(parts))
        return RustType("fn", "", (), tuple(parts))

    def _binder(self) -> None:
        self.tokens.skip_angles()

    def _bounds(self) -> RustType:
        """``dyn A<B> + 'a`` and ``impl A``: a name that is its text; a ``dyn`` has one region, that of its bound."""
        tokens = self.tokens
        word = tokens.next()
        regions: list[str] = []
        parts: list[RustType] = []
        shown = [word]
        while True:
            if tokens.take("for"):
                self._binder()
            if tokens.kind == "region":
                regions.append(tokens.next())
            else:
                shown.append(self._bound(parts))
            if not tokens.take("+"):
                break
        if word == "dyn":
            return RustType("dyn", " ".join(shown), tuple(regions[-1:]) or ("'_",))
        return RustType("opaque", " ".join(shown), tuple(regions), tuple(parts))

    def _bound(self, parts: list[RustType]) -> str:
        tokens = self.tokens
        tokens.take("?")
        if tokens.take("("):
            name = self._bound(parts)
            tokens.expect(")")
            return name
        name = self._segments()
        inner: tuple[RustType, ...] = ()
        if tokens.peek() == "<":
            inner, regions = self._arguments()
            if regions:
                parts.append(RustType("tuple", "", regions, ()))
        elif tokens.peek() == "(":
            arguments = self._tuple(always=True)
            inner = (arguments, self.read() if tokens.take("->") else UNIT)
        parts.extend(inner)
        return name + (f"<{', '.join(spell(each) for each in inner)}>" if inner else "")

    def _projection(self) -> RustType:
        tokens = self.tokens
        tokens.expect("<")
        parts = [self.read()]
        if tokens.take("as"):
            parts.append(self.read())
        tokens.expect(">")
        name = ""
        while tokens.take("::"):
            if tokens.peek() == "<":
                parts.extend(self._arguments()[0])
            else:
                name = tokens.next()
        if tokens.peek() == "<":
            parts.extend(self._arguments()[0])
        return RustType("projection", name, (), tuple(parts))

    def _segments(self) -> str:
        tokens = self.tokens
        tokens.take("::")
        name = tokens.next()
        while tokens.peek() == "::":
            mark = tokens.at
            tokens.next()
            if tokens.peek() in ("<", "{"):
                tokens.at = mark
                break
            name = tokens.next()
        return name

    def _path(self) -> RustType:
        tokens = self.tokens
        if tokens.kind != "word":
            raise Refused(f"unread text: a type beginning with `{tokens.peek()}`")
        name = self._segments()
        if name in SCALARS:
            return RustType("scalar", name)
        if name in self.parameters:
            return RustType("param", name)
        inner: tuple[RustType, ...] = ()
        regions: tuple[str, ...] = ()
        if name == "Opaque" and tokens.peek() == "(":
            return self._opaque()
        tokens_at = tokens.at
        tokens.take("::")
        if tokens.peek() == "<":
            inner, regions = self._arguments()
        else:
            tokens.at = tokens_at
        return RustType("adt", name, regions, inner)

    def _opaque(self) -> RustType:
        """``Opaque(DefId(...), ['?1, T])``: what a function with ``-> impl Trait`` gives."""
        tokens = self.tokens
        start = tokens.at
        tokens.expect("(")
        while tokens.peek() not in (",", ""):
            if tokens.peek() == "(":
                tokens.skip_balanced()
            else:
                tokens.next()
        name = tokens.text[start + 1 : tokens.at].strip()
        tokens.expect(",")
        tokens.expect("[")
        regions: list[str] = []
        parts: list[RustType] = []
        while not tokens.take("]"):
            if tokens.kind == "region":
                regions.append(tokens.next())
            else:
                parts.append(self.read())
            tokens.take(",")
        tokens.expect(")")
        return RustType("opaque", name, tuple(regions), tuple(parts))

    def _arguments(self) -> tuple[tuple[RustType, ...], tuple[str, ...]]:
        tokens = self.tokens
        tokens.expect("<")
        parts: list[RustType] = []
        regions: list[str] = []
        while not tokens.take(">"):
            if tokens.kind == "region":
                regions.append(tokens.next())
            elif self._at_constant():
                parts.append(RustType("param", self._constant()))
            else:
                mark = tokens.at
                if tokens.kind == "word":
                    tokens.next()
                    if tokens.take("="):  # an associated type of a `dyn`
                        parts.append(self.read())
                        tokens.take(",")
                        continue
                    tokens.at = mark
                part = self.read()
                if not (part.kind == "adt" and part.name in _LEFT_OUT):
                    parts.append(part)
            tokens.take(",")
        return tuple(parts), tuple(regions)

    def _at_constant(self) -> bool:
        """Whether the next argument is no type; what stands in braces may be a closure."""
        tokens = self.tokens
        word = tokens.peek()
        if word == "{":
            start = tokens.at
            tokens.skip_balanced()
            inside, tokens.at = tokens.text[start : tokens.at], start
            return " closure_kind_ty=" not in inside
        return word in ("ValTree", "-") or word[:1].isdigit() or tokens.kind == "text"

    def _constant(self) -> str:
        tokens = self.tokens
        spelled = ""
        while tokens.peek() not in (",", ">", ""):
            if tokens.peek() in _OPEN:
                start = tokens.at
                tokens.skip_balanced()
                spelled += tokens.text[start : tokens.at]
            else:
                spelled += tokens.next()
        found = read_length(spelled)
        return str(found)


def read_length(spelled: str) -> int | str:
    """The number that a constant is, in the spellings of MIR and of source; the text where it is none."""
    found = re.search(r"0x([0-9a-fA-F]+)", spelled)
    if found is not None:
        return int(found[1], 16)
    found = re.fullmatch(r"\s*(\d[\d_]*)(?:_?usize)?\s*", spelled)
    return int(found[1].replace("_", "")) if found is not None else spelled.strip()


def read_type(text: str, parameters: frozenset[str] = frozenset()) -> RustType:
    """The type that ``text`` begins with. Raises ``Refused`` where it cannot be read."""
    return TypeReader(Tokens(text), parameters).read()


def spell(type: RustType) -> str:
    """The name of a type without its regions."""
    inner = [spell(each) for each in type.parts]
    if type.kind in ("scalar", "param"):
        return type.name
    if type.kind == "adt":
        return type.name + (f"<{', '.join(inner)}>" if inner else "")
    if type.kind in ("ref", "ref_mut", "ptr", "ptr_mut"):
        return {"ref": "&", "ref_mut": "&mut ", "ptr": "*const ", "ptr_mut": "*mut "}[type.kind] + inner[0]
    if type.kind == "slice":
        return f"[{inner[0]}]"
    if type.kind == "array":
        return f"[{inner[0]}; {type.name}]"
    if type.kind == "tuple":
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if type.kind in ("fn", "fn_item"):
        return f"fn({', '.join(inner[:-1])}) -> {inner[-1]}{' ' + type.name if type.name else ''}"
    if type.kind == "projection":
        return f"<{' as '.join(inner)}>::{type.name}"
    if type.kind == "never":
        return "!"
    if type.kind == "opaque" and inner and not type.name.startswith("impl "):
        return f"{type.name}<{', '.join(inner)}>"
    return type.name


def walk(type: RustType) -> Iterator[RustType]:
    """``type`` and the types in it, the outer one first."""
    yield type
    for each in type.parts:
        yield from walk(each)


def regions_of(type: RustType) -> list[str]:
    """The regions in a type, in the order of its text; those of function types are bound there or of no interest."""
    if type.kind in ("fn", "fn_item"):
        return []
    return [*type.regions, *(region for each in type.parts for region in regions_of(each))]


def rename_regions(type: RustType, change: Callable[[str], str]) -> RustType:
    """``type`` with ``change`` applied to its regions, in the order of the text."""
    if type.kind in ("fn", "fn_item"):
        return type
    regions = tuple(change(region) for region in type.regions)
    return attrs.evolve(type, regions=regions, parts=tuple(rename_regions(each, change) for each in type.parts))


def substitute(type: RustType, types: dict[str, RustType], regions: dict[str, str]) -> RustType:
    """``type`` with its parameters replaced."""
    if type.kind == "param":
        return types.get(type.name, type)
    return attrs.evolve(
        type,
        regions=tuple(regions.get(region, region) for region in type.regions),
        parts=tuple(substitute(each, types, regions) for each in type.parts),
    )
