"""What a notebook shows of modules and functions: their whole text, and a picture."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.render.html import render
from altru_ir.testing import whole_language
from altru_ir.text.printer import print_function

PROGRAM = """altru 1
module @m {target = "x86_64-linux-gnu"}

// comments <b>bold</b> & "quoted"
global @text : [4 x i8] = "<&>\\x00"
func @f(%x: i32) -> i32 { // behind
^entry:
  // inside
  %minus = const -1 : i32
  %r = add %x, %minus loc("a&b.toy":1:2)
  ret %r
}
"""


def text_of(shown: str) -> str:
    body = re.fullmatch(r"<style>[^<]*</style><pre[^>]*>(.*)</pre>", shown, re.DOTALL)
    assert body is not None
    return html.unescape(re.sub(r"</?span[^>]*>", "", body[1]))


def test_colours() -> None:
    shown = render(PROGRAM)
    assert text_of(shown) == PROGRAM
    for kind, token in [("o", "add"), ("v", "%minus"), ("n", "-1"), ("b", "^entry"), ("s", "@f"), ("c", "// inside")]:
        assert f'<span class="{kind}">{token}</span>' in shown
    assert "<b>" not in shown


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost(seed: int) -> None:
    module = whole_language.generate(seed).module
    assert text_of(module._repr_html_()) == str(module)
    for function in module.functions.values():
        assert text_of(function._repr_html_()) == print_function(function)


def test_a_function_that_was_built_is_drawn() -> None:
    module = air.Module("m")
    b = air.Builder(module)
    f = b.function("f", [("x", air.I32)], air.I32)
    with b.body(f) as (x,):
        with b.if_(b.icmp("eq", x, b.const(0, air.I32))):
            b.ret(x)
        b.ret(b.const(7, air.I32))
    picture = passes.draw(f)
    assert picture._repr_svg_() == str(picture)
    root = ElementTree.fromstring(str(picture))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == len(f.blocks)
    assert str(passes.draw(module)) == str(picture)
