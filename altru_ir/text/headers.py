"""The grammar of declarations: structs, enums, unions, globals, and the signatures of functions.

Example: ``enum @Option { None, Some(i32) }``, ``global mut @counter : i64 = 0``,
``extern "C" func @strlen(%s: ptr<i8> borrowed) -> usize unsafe``.
"""

from __future__ import annotations

from typing import Any

from altru_ir.module import Field, Function, Global, Signature, TypeDeclaration, Variant
from altru_ir.text.type_grammar import TypeGrammar
from altru_ir.types import UNIT, FunctionType, Type


class Headers(TypeGrammar):
    """Reads declarations up to the body of a function."""

    def type_declaration(self, at: int, start: int) -> tuple[TypeDeclaration, int]:
        tokens = self.tokens
        kind = tokens[at]
        name = self.symbol(at + 1, "the type's name")
        regions, outlives, at = self.region_parameters(at + 2)
        at = self.expect(at, "{")
        members: list[Any] = []
        seen: set[str] = set()
        while tokens[at] != "}":
            constant = kind != "enum" and tokens[at] == "const" and tokens[at + 1] != ":"
            at += constant
            member_at = at
            member = self.word(at, f"a {'variant' if kind == 'enum' else 'field'}'s name")
            at += 1
            if kind == "enum":
                payload: Type = UNIT
                if tokens[at] == "(":
                    payload, at = self.type(at + 1)
                    at = self.expect(at, ")")
                members.append(Variant(member, payload))
            else:
                type, at = self.type(self.expect(at, ":"))
                transfer, at = self.transfer(at)
                members.append(Field(member, type, transfer, constant))
            if member in seen:
                self.error(member_at, f"`{member}` is declared twice in @{name}", "ALT-P003")
            seen.add(member)
            if tokens[at] != ",":
                break
            at += 1
        at = self.expect(at, "}")
        declaration = TypeDeclaration(kind, name, members, regions, outlives, location=self.source.token(start))
        while True:
            if tokens[at] == "drop" and tokens[at + 1][:1] == "@":
                declaration.drop = self.symbol(at + 1)
                at += 2
            elif tokens[at] == "repr" and tokens[at + 1] == "(":
                word = self.word(at + 2, "`c`")
                if word != "c":
                    self.fail(at + 2, f"there is no representation `{word}`; the one there is is `c`")
                declaration.representation = word
                at = self.expect(at + 3, ")")
            elif tokens[at] == "unsafe" and tokens[at + 1] == "(":
                marks = []
                at += 1
                while tokens[at] in ("(", ","):
                    mark = self.word(at + 1, "`send` or `share`")
                    if mark not in ("send", "share"):
                        self.fail(at + 1, f"`{mark}` cannot be asserted; `send` and `share` can")
                    marks.append(mark)
                    at += 2
                at = self.expect(at, ")")
                declaration.asserts = tuple(marks)
            elif tokens[at] == "{":
                declaration.attributes, at = self.attributes(at)
            else:
                return declaration, at

    def global_declaration(self, at: int, start: int, linkage: str) -> tuple[Global, int]:
        """``global @g : T = literal``, with ``mut`` or ``thread_local`` before the name."""
        mode = "const"
        at += 1
        if self.tokens[at] in ("const", "mut", "thread_local"):
            mode = self.tokens[at]
            at += 1
        name = self.symbol(at, "the global's name")
        type, at = self.type(self.expect(at + 1, ":"))
        initial = None
        if self.tokens[at] == "=":
            initial, at = self.literal(at + 1)
        made = Global(name, type, mode, initial, linkage, location=self.source.token(start))
        if self.tokens[at] == "{":
            made.attributes, at = self.attributes(at)
        return made, at

    def function_header(self, at: int, abi: str | None, linkage: str) -> tuple[Function, int]:
        tokens = self.tokens
        name = self.symbol(at + 1, "the function's name")
        regions, outlives, at = self.region_parameters(at + 2)
        at = self.expect(at, "(")
        names: list[str | None] = []
        types: list[Type] = []
        transfers: list[str | None] = []
        variadic = False
        while tokens[at] != ")":
            if tokens[at] == "...":
                variadic = True
                at += 1
                break
            if tokens[at][:1] != "%":
                self.expected(at, "a parameter `%name: type`")
            spelled = self.spelling(at, tokens[at])
            if spelled in names:
                self.error(at, f"parameter %{spelled} is declared twice", "ALT-P003")
                spelled = f"{spelled}.{len(names)}"
            names.append(spelled)
            type, at = self.type(self.expect(at + 1, ":"))
            transfer, at = self.transfer(at)
            types.append(type)
            transfers.append(transfer)
            if tokens[at] != ",":
                break
            at += 1
        result, how, unsafe, nounwind, at = self.behind_parameters(self.expect(at, ")"))
        if variadic and abi is None:
            self.error(at - 1, 'only `extern "C"` functions take `...`')
        type = FunctionType(regions, tuple(types), result, (*transfers, how), abi, variadic, unsafe, nounwind)
        function = Function(name, Signature(type, outlives), names)
        function.linkage = linkage
        function.source = self.source
        if tokens[at] == "{" and tokens[at + 1][:1] not in ("^", "%", "}", "") and tokens[at + 2] in ("=", ",", "}"):
            function.attributes, at = self.attributes(at)
        return function, at
