"""The grammar of types, regions and transfers.

Example: ``ref<'a, mut [? x i32]>``, ``own<[? x i8], c(@free)>``, ``fn<for 'a>(ref<'a, i8>) -> i32 unsafe``.

The grammar is that of the spelling in ``altru_ir.types``; what is spelled there is read here. Invariant: a type that is
returned is interned; whether its names are declared is the verifier's to say.
"""

from __future__ import annotations

from altru_ir.text.cursor import MAX_NESTING, Cursor
from altru_ir.types import (
    CONSTRUCTORS,
    INFERRED,
    REGION_CONSTRUCTORS,
    SCALARS,
    UNIT,
    ArrayType,
    DynType,
    FunctionType,
    GuardType,
    IntType,
    NamedType,
    OwnType,
    PtrType,
    RefType,
    TupleType,
    Type,
    spell_name,
)


class TypeGrammar(Cursor):
    """Reads types."""

    def type(self, at: int) -> tuple[Type, int]:
        """A type from ``at``, and the index behind it."""
        token = self.tokens[at]
        known = SCALARS.get(token)
        if known is not None:
            return known, at + 1
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.depth = 0
            self.fail(at, f"types nest deeper than {MAX_NESTING}", "ALT-P006")
        try:
            return self.compound_type(at, token)
        finally:
            self.depth = max(0, self.depth - 1)

    def compound_type(self, at: int, token: str) -> tuple[Type, int]:
        tokens = self.tokens
        if token in ("ptr", "ref"):
            at = self.expect(at + 1, "<")
            region = INFERRED
            if token == "ref" and tokens[at][:1] == "'":
                region = self.region(at)
                at = self.expect(at + 1, ",")
            mutable = tokens[at] == "mut"
            target, at = self.type(at + mutable)
            at = self.expect(at, ">")
            return (RefType(target, mutable, region) if token == "ref" else PtrType(target, mutable)), at
        if token[:1] == "@":
            name = self.symbol(at)
            at += 1
            regions: list[str] = []
            if tokens[at] == "<":
                while tokens[at] in ("<", ","):
                    regions.append(self.region(at + 1))
                    at += 2
                at = self.expect(at, ">")
            return NamedType(name, tuple(regions)), at
        if token == "[":
            dimensions: list[int | None] = []
            at += 1
            while True:
                if tokens[at] == "?":
                    dimensions.append(None)
                elif tokens[at][:1].isdigit():
                    dimensions.append(self.integer(at, "a length"))
                else:
                    break
                at = self.expect(at + 1, "x")
            if not dimensions:
                self.expected(at, "a dimension, as in `[4 x i32]` or `[? x i32]`")
            if None in dimensions and any(d is not None for d in dimensions):
                self.fail(at, "the dimensions of one sequence are all known or all `?`; nest `[? x [4 x T]]` to mix them")
            element, at = self.type(at)
            return ArrayType(tuple(dimensions), element), self.expect(at, "]")
        if token == "(":
            elements: list[Type] = []
            at += 1
            if tokens[at] in ("fn", "extern"):
                element, at = self.function_type(at)
                if tokens[at] == ")":  # a function that takes no mark from behind it
                    return element, at + 1
                at = self.expect(at, ",")
                elements.append(element)
            while tokens[at] != ")":
                element, at = self.type(at)
                elements.append(element)
                if tokens[at] != ",":
                    if len(elements) == 1:
                        self.expected(at, "`,` (a tuple of one type is `(T,)`)")
                    break
                at += 1
            return (TupleType(tuple(elements)) if elements else UNIT), self.expect(at, ")")
        if token in CONSTRUCTORS and tokens[at + 1] == "<":
            target, at = self.type(at + 2)
            return CONSTRUCTORS[token](target), self.expect(at, ">")
        if token in REGION_CONSTRUCTORS:
            region = self.region(self.expect(at + 1, "<"))
            return REGION_CONSTRUCTORS[token](region), self.expect(at + 3, ">")
        if token == "own":
            return self.owner(at)
        if token == "guard":
            at = self.expect(at + 1, "<")
            region = INFERRED
            if tokens[at][:1] == "'":
                region = self.region(at)
                at = self.expect(at + 1, ",")
            target, at = self.type(at)
            return GuardType(target, region), self.expect(at, ">")
        if token == "dyn":
            at = self.expect(at + 1, "<")
            region = self.region(at)
            marks = []
            at += 1
            while tokens[at] == ",":
                mark = self.word(at + 1, "a mark")
                if mark not in DynType.MARKS:
                    self.fail(at + 1, f"`{mark}` is no mark; there are {', '.join(DynType.MARKS)}")
                marks.append(mark)
                at += 2
            return DynType(region, tuple(marks)), self.expect(at, ">")
        if token in ("fn", "extern"):
            return self.function_type(at)
        if token[:1] == "i" and token[1:].isdigit():
            widths = ", ".join(f"i{w}" for w in IntType.WIDTHS)
            self.fail(at, f"there is no type `{token}`; integers are {widths} and usize")
        self.expected(at, "a type")

    def owner(self, at: int) -> tuple[Type, int]:
        tokens = self.tokens
        at = self.expect(at + 1, "<")
        region = None
        if tokens[at][:1] == "'":
            region = self.region(at)
            at = self.expect(at + 1, ",")
        target, at = self.type(at)
        pool, release = False, None
        if tokens[at] == ",":
            if tokens[at + 1] == "pool":
                pool = True
                at += 2
            elif tokens[at + 1] == "c" and tokens[at + 2] == "(":
                release = self.symbol(at + 3, "the release function")
                at = self.expect(at + 4, ")")
            else:
                self.expected(at + 1, "`pool` or `c(@release)`")
        if pool and region is None:
            self.fail(at, "a pool owner names the region of its pool: `own<'p, T, pool>`")
        if release is not None and region is not None:
            self.fail(at, "a foreign owner has no region")
        return OwnType(target, region, pool, release), self.expect(at, ">")

    def function_type(self, at: int) -> tuple[Type, int]:
        tokens = self.tokens
        abi = None
        if tokens[at] == "extern":
            if tokens[at + 1] != '"C"':
                self.expected(at + 1, '`"C"`')
            abi = "C"
            at += 2
        at = self.expect(at, "fn")
        binder: list[str] = []
        if tokens[at] == "<":
            at = self.expect(at + 1, "for")
            binder.append(self.region(at, declared=True))
            at += 1
            while tokens[at] == ",":
                binder.append(self.region(at + 1, declared=True))
                at += 2
            at = self.expect(at, ">")
        at = self.expect(at, "(")
        parameters: list[Type] = []
        transfers: list[str | None] = []
        variadic = False
        while tokens[at] != ")":
            if tokens[at] == "...":
                variadic = True
                at += 1
                break
            parameter, at = self.type(at)
            transfer, at = self.transfer(at)
            parameters.append(parameter)
            transfers.append(transfer)
            if tokens[at] != ",":
                break
            at += 1
        result, how, unsafe, nounwind, at = self.behind_parameters(self.expect(at, ")"))
        made = FunctionType(tuple(binder), tuple(parameters), result, (*transfers, how), abi, variadic, unsafe, nounwind)
        return made, at

    def behind_parameters(self, at: int) -> tuple[Type, str | None, bool, bool, int]:
        """``-> T borrowed unsafe nounwind``, or a part of that: the result, its transfer and the marks."""
        tokens = self.tokens
        result: Type = UNIT
        result_transfer = None
        if tokens[at] == "->":
            result, at = self.type(at + 1)
            result_transfer, at = self.transfer(at)
        unsafe = nounwind = False
        while tokens[at] in ("unsafe", "nounwind"):
            unsafe |= tokens[at] == "unsafe"
            nounwind |= tokens[at] == "nounwind"
            at += 1
        return result, result_transfer, unsafe, nounwind, at

    def region(self, at: int, declared: bool = False) -> str:
        token = self.tokens[at]
        if token[:1] != "'" or len(token) < 2:
            self.expected(at, "a region such as `'a`")
        if declared and token in ("'static", INFERRED):
            self.fail(at, f"{token} cannot be declared: it is a region of its own")
        return token

    def region_parameters(self, at: int) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], int]:
        """``<'a, 'b: 'a>``."""
        regions: list[str] = []
        outlives: list[tuple[str, str]] = []
        if self.tokens[at] != "<":
            return (), (), at
        while True:
            region = self.region(at + 1, declared=True)
            if region in regions:
                self.error(at + 1, f"region {region} is declared twice", "ALT-P003")
            regions.append(region)
            at += 2
            if self.tokens[at] == ":":
                outlives.append((region, self.region(at + 1)))
                at += 2
                while self.tokens[at] == "+":
                    outlives.append((region, self.region(at + 1)))
                    at += 2
            if self.tokens[at] != ",":
                return tuple(regions), tuple(outlives), self.expect(at, ">")

    def transfer(self, at: int) -> tuple[str | None, int]:
        """``borrowed``, ``transfer_full``, ``transfer_full(@f)``, ``transfer_full(heap)``, or nothing."""
        token = self.tokens[at]
        if token == "borrowed":
            return token, at + 1
        if token != "transfer_full":
            return None, at
        if self.tokens[at + 1] != "(":
            return token, at + 1
        if self.tokens[at + 2] == "heap":
            family = "heap"
        else:
            family = "@" + spell_name(self.symbol(at + 2, "a release function `@f` or `heap`"))
        return f"transfer_full({family})", self.expect(at + 3, ")")
