"""The lexer: one regular expression, one ``findall``.

Tokens are the strings themselves; their first character says what they are: ``%`` a value, ``^`` a block, ``@`` a
symbol, ``'`` a region, a digit (or ``-`` and a digit) a number, a letter a word, ``"`` or ``b"`` a string, else
punctuation. The list ends with empty strings, so that a look ahead needs no bound.

Comments run from ``//`` to the end of the line. They are kept: ``tokenize`` returns them apart, keyed by the index of
the token they precede, or (behind something on the same line) follow.

Example: ``tokenize("%a = f 1 // x")[0][:5] == ["%a", "=", "f", "1", ""]``.

Invariant: token ``i`` of ``tokenize(text)`` starts at ``spans(text)[i][0]``.
"""

from __future__ import annotations

import re
from functools import cache

_BLANK = r"[ \t\r\n\ufeff]*+"
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
"""A string, or a quoted name behind its sigil."""
_TOKEN = (
    r"[%@^][\w.$]++"
    + r"|[,=:(){}\[\]<>]"
    + r"|[A-Za-z_]\w*+(?![.\w\"])"  # the usual word; the rest of the words are below
    + r"|[%@^]" + QUOTED
    + r"|[A-Za-z_]\w*(?:\.\w+)*(?!\")"
    + r"|-?0[xX][0-9a-fA-F]+|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?|-inf\b"
    + r"|'[A-Za-z_]\w*"
    + r"|b?" + QUOTED
    + r"|->|\.\.\.|[^ \t\r\n\ufeff]|\Z"
)  # fmt: skip
"""What is most often comes first; only the sigils, words and punctuation of the first three lines could be other tokens."""


@cache
def _master(comments: bool, flags: int) -> re.Pattern[str]:
    return re.compile(f"{_BLANK}(?://[^\n]*+{_BLANK})*+({_TOKEN})" if comments else f"{_BLANK}({_TOKEN})", flags)


def master(text: str) -> re.Pattern[str]:
    """The regular expression for ``text``: the fastest that finds the same tokens."""
    return _master("//" in text, re.ASCII if text.isascii() else 0)


_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(//[^\n]*)')

PADDING = ["", "", "", ""]


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end offsets of each token."""
    return [match.span(1) for match in master(text).finditer(text)]


def tokenize(text: str) -> list[str]:
    """The tokens of ``text``, padded with empty strings."""
    return (_split(text) or master(text).findall(text)) + PADDING


# Most of a large text is names, words and numbers that stand apart, and is split in a fifth of the regular expression's time.

_MARKS = ",:(){}[]<>"
_KINDS = bytes(
    ord("a" if c.isalpha() or c == "_" else "0" if c.isdigit() else "%" if c in "%@^" else c if c in ".-" else
        " " if c in " \t\r\n=" + _MARKS else "!") for c in map(chr, range(128))
).ljust(256, b"!")  # fmt: skip
"""By byte: ``a`` and ``0`` make up names, words and numbers, a blank ends them, ``!`` needs the regular expression."""

_NO_NUMBER = re.compile(rb" 00*(?:a|\.(?:a|0+[a.]))").search  # it begins with two literals, and is looked for by these


def _split(text: str) -> list[str] | None:
    """What the regular expression finds, where blanks and single marks alone separate tokens; None where that is not so."""
    if not text.isascii():
        return None
    ends = ["", ""] if text[-1:].isspace() else [""]
    kinds = b" %b " % text.encode().translate(_KINDS)
    if (
        b"!" in kinds
        or kinds.count(b"%") != kinds.count(b" %a") + kinds.count(b" %0")
        or (b"-" in kinds and kinds.count(b"-") != kinds.count(b" -0") + text.count("->"))
        or (b"." in kinds and any(wrong in kinds for wrong in (b"..", b" .", b". ", b"-.", b".-")))
        or _NO_NUMBER(kinds.replace(b" -0", b"  0")) is not None
    ):
        return None
    for mark in _MARKS:
        if mark in text:
            text = text.replace(mark, f" {mark} ")
    if text.count("=") != text.count(" = "):
        text = text.replace("=", " = ")
    return text.replace("- > ", " -> ").split() + ends


def comments(text: str) -> list[tuple[int, str, bool]]:
    """The comments of ``text`` in order: (offset, text after the slashes, whether something stands before it on its line)."""
    if "//" not in text:
        return []
    found = []
    for match in _COMMENT.finditer(text):
        if match.group(1) is None:
            continue
        at = match.start(1)
        line_start = text.rfind("\n", 0, at) + 1
        found.append((at, match.group(1)[2:].rstrip(), bool(text[line_start:at].strip())))
    return found


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)


def _character(digits: str) -> str:
    """The character of a ``\\u{...}`` escape. Raises ``ValueError`` for what UTF-8 cannot write."""
    number = int(digits, 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ValueError(f"`\\u{{{digits}}}` is no Unicode character")
    return chr(number)


def unquote(token: str) -> str:
    """The text of a string token. Raises ``ValueError`` for an unknown escape."""

    def replace(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return chr(int(match.group(1), 16))
        if match.group(2) is not None:
            return _character(match.group(2))
        if match.group(3) not in _ESCAPES:
            raise ValueError(f'unknown escape `\\{match.group(3)}`; there are \\n \\t \\r \\0 \\" \\\\ \\xNN \\u{{...}}')
        return _ESCAPES[match.group(3)]

    body = token[1:-1]
    return _ESCAPE.sub(replace, body) if "\\" in body else body


def unquote_bytes(token: str) -> bytes:
    """The bytes of a ``b"..."`` token: ``\\xNN`` is a byte, other characters their UTF-8."""
    out = bytearray()
    at = 2
    end = len(token) - 1
    while at < end:
        match = _ESCAPE.match(token, at, end)
        if match is None:
            out += token[at].encode()
            at += 1
            continue
        if match.group(1) is not None:
            out.append(int(match.group(1), 16))
        elif match.group(2) is not None:
            out += _character(match.group(2)).encode()
        elif match.group(3) in _ESCAPES:
            out += _ESCAPES[match.group(3)].encode()
        else:
            raise ValueError(f"unknown escape `\\{match.group(3)}`")
        at = match.end()
    return bytes(out)
