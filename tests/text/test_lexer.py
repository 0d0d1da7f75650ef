"""The lexer's four regular expressions find the same tokens, in time that grows with the text."""

from __future__ import annotations

import random
import re

import pytest

from altru_ir.text import lexer

TEXTS = [
    "%a = f 1 ",
    "func @f(%x: i32) -> i32 {\n^entry:\n  ret %x\n}",
    '%"a b" = call @"x\\"y"(%a.b, %c$1) {name = "s", flag} loc("f" 1 2)',
    "const -0x1F, -12, 1.5e-3, -inf, infinite, b\"\\x00\", 'a, ref<'_, [? x i8]>, ...",
    'a.b.c a. .b word"s" " % @ ^ -> - > 0x 1.e5',
    "\x0b \x0c \x1c \x1f /",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_fastest_finds_the_same(text: str) -> None:
    wanted = lexer._master(True, 0).findall(text)
    for comments in (False, True):
        for flags in (0, re.ASCII):
            assert lexer._master(comments, flags).findall(text) == wanted
    assert [text[a:b] for a, b in lexer.spans(text)] == wanted


PIECES = [
    "%", "^", "@", "a", "_x", "i32", "const", "0", "12", "1.5", "1.5e3", "0x1F", "-", "->", "- >", ".", "..", "...", "=", ",",
    "(", ")", "<", ">", "[", "]", "{", "}", ":", " ", " ", " ", "\n", "\t", "inf", "-inf", "1_0", "x.y", "$", "'a", "?", "\x0b",
    '"s"', "\x1c",
]  # fmt: skip


def test_what_is_split_are_the_same_tokens() -> None:
    """Pieces of tokens in random order: wherever the text is split, the regular expression finds the same."""
    choose = random.Random(7)
    split = 0
    for _ in range(30_000):
        text = "".join(choose.choices(PIECES, k=choose.randrange(1, 9)))
        tokens = lexer._split(text)
        split += tokens is not None
        assert tokens is None or tokens == lexer.master(text).findall(text), repr(text)
    assert split > 1_500


def test_programs_are_split() -> None:
    text = "func @f(%x.1: i64, %p: ptr<[4 x f8]>) -> i64 {\n^a_0(%0: i64):\n%y=add %x.1, %0\n%c = const -1 : i8\nbr ^a_0(%y)}\n"
    assert lexer._split(text) == lexer.master(text).findall(text)
    for character in "!\"#$&'*+/;?\\`|~\x00\x0b\x1f\x7f\x80\ufeff":
        assert lexer._split(text + character) is None


def test_comments_and_letters() -> None:
    assert lexer.tokenize("%a = f 1 // x")[:5] == ["%a", "=", "f", "1", ""]
    assert lexer.tokenize("// only")[0] == ""
    assert lexer.tokenize('"// no comment" %größe')[:3] == ['"// no comment"', "%größe", ""]


def test_what_is_no_token_is_one() -> None:
    """No character is passed over, for then two programs would be one; a comment does not come apart before one."""
    assert lexer.tokenize("a\x0b// b c\n\x0cd")[:5] == ["a", "\x0b", "\x0c", "d", ""]
    assert lexer.tokenize("a\u00a0b")[:3] == ["a", "\u00a0", "b"]
