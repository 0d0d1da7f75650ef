"""The lexer's four regular expressions find the same tokens, in time that grows with the text."""

from __future__ import annotations

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


def test_comments_and_letters() -> None:
    assert lexer.tokenize("%a = f 1 // x")[:5] == ["%a", "=", "f", "1", ""]
    assert lexer.tokenize("// only")[0] == ""
    assert lexer.tokenize('"// no comment" %größe')[:3] == ['"// no comment"', "%größe", ""]


def test_what_is_no_token_is_one() -> None:
    """No character is passed over, for then two programs would be one; a comment does not come apart before one."""
    assert lexer.tokenize("a\x0b// b c\n\x0cd")[:5] == ["a", "\x0b", "\x0c", "d", ""]
    assert lexer.tokenize("a\u00a0b")[:3] == ["a", "\u00a0", "b"]
