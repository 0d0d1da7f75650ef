"""Comments stay: each is printed once, beside what it stood beside, and printing again changes nothing."""

from __future__ import annotations

import re

import altru_ir as air

TIDY = """\
altru 1
module @m {target = "x86_64-linux-gnu"}

// above a struct
struct @S { x: i32 } // behind a struct

global @g : i32 = 1 // behind a global

// above a function
func @f() {
// above a block
^entry: // behind a label
  // above an operation
  ret // behind an operation
  // at the end of a body
} // behind a body

extern "C" func @h() // behind a declaration

// above another
func @g2() {
^entry:
  ret
}

// at the end
"""

UNTIDY = """\
// 0
altru 1 // 1
module @m // 2
struct @S { // 3
  x: i32, // 4
  // 5
  y: i32 // 6
  // 7
} // 8
global @g : i32 // 9
  = 3 // 10
func @f( // 11
  %x: i32 // 12
) { // 13
// 14
^e( // 15
): // 16
  %y = add // 17
    %x, // 18
    // 19
    %x // 20
  ret // 21
  // 22
}
// 23
"""


def test_comments_stand_where_they_stood() -> None:
    module = air.parse(TIDY)
    assert str(module) == TIDY
    assert str(module.clone()) == TIDY


def test_no_comment_is_lost_or_doubled() -> None:
    text = str(air.parse(UNTIDY))
    assert sorted(map(int, re.findall(r"// (\d+)", text))) == list(range(24))
    assert str(air.parse(text)) == text
