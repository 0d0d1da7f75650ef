"""IR as HTML, for notebooks: the text, with what each token is shown by its colour.

A notebook shows a ``Module`` or a ``Function`` by its ``_repr_html_``; ``passes.draw`` gives the control flow as a picture.

Example: ``render("%x = const 1 : i32")`` is a ``<pre>`` in which ``%x`` is a ``<span class="v">``.

Invariant: without its tags, and with its references to characters resolved, it is the text.
"""

from __future__ import annotations

import re
from html import escape

from altru_ir.text.lexer import spans

STYLE = """\
.altru-ir .v { color: #1f6feb } .altru-ir .b { color: #8250df } .altru-ir .s { color: #953800 } .altru-ir .n { color: #0a7d6b }
.altru-ir .q { color: #0a3069 } .altru-ir .c { color: #6e7781; font-style: italic } .altru-ir .o { font-weight: bold }"""
"""Values, blocks, symbols, numbers, strings, comments, operations: in colours that are legible on light and on dark."""

KINDS = {"%": "v", "^": "b", "@": "s", '"': "q", "'": "v"}
_OPERATION = re.compile(r"(?:^|= )\s*$")
_COMMENT = re.compile(r"//[^\n]*")


def render(text: str) -> str:
    """The HTML of a text in the format of the IR."""
    out = [f'<style>{STYLE}</style><pre class="altru-ir">']
    at = 0
    for start, end in spans(text):
        if end > start:
            out.append(_between(text[at:start]))
            token = text[start:end]
            kind = KINDS.get(token[0]) or ("n" if token.lstrip("-")[:1].isdecimal() else "")
            if not kind and token[0].isalpha() and _OPERATION.search(text[text.rfind("\n", 0, start) + 1 : start]):
                kind = "o"
            out.append(f'<span class="{kind}">{escape(token)}</span>' if kind else escape(token))
            at = end
    return "".join([*out, _between(text[at:]), "</pre>"])


def _between(text: str) -> str:
    """Blanks, with the comments in them marked."""
    out, at = [], 0
    for found in _COMMENT.finditer(text):
        out += [escape(text[at : found.start()]), f'<span class="c">{escape(found[0])}</span>']
        at = found.end()
    return "".join([*out, escape(text[at:])])
