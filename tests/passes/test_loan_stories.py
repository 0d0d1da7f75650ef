"""The stories that ``check-loans`` tells."""

from __future__ import annotations

import altru_ir as air
from altru_ir.diagnostics import Diagnostic
from altru_ir.passes import check_memory


def problems(text: str) -> list[Diagnostic]:
    module = air.parse(text)
    assert air.verify(module) == []
    return check_memory(module)


def story(text: str) -> list[str]:
    (problem,) = problems("altru 1\nmodule @m\n" + text)
    return [problem.message, *(f"{label.location.line - 2}: {label.message}" for label in problem.labels)]


def test_a_scope_that_was_scheduled_to_end_is_told_only_where_the_program_ends_it() -> None:
    assert story(
        "struct @Loud { n: i32 } drop @Loud.drop\n"
        "func @Loud.drop(%self: ref<mut @Loud>)\n"
        "func @f(%n: i32) {\n"
        "^entry:\n"
        "  %l = local : @Loud\n"
        "  br ^body\n"
        "^body unwind ^cleanup:\n"
        "  %s = struct %n : @Loud\n"
        "  init %l, %s\n"
        "  %m = sadd.checked %n, %n\n"
        "  end %l\n"  # and its destructor may panic
        "  ret\n"
        "^cleanup:\n"
        "  end %l\n"
        "  resume\n"
        "}\n"
    ) == ["`%l` is ended again after its scope has ended", "11: the scope of `%l` ends here"]


def test_the_way_of_a_loan() -> None:
    assert story(
        "struct @Pair<'a> { x: ref<'a, i32>, y: ref<'a, i32> }\n"
        "func @look(%p: @Pair)\n"
        "func @f(%n: i32) {\n"
        "^entry:\n"
        "  %x = local : i32\n"
        "  init %x, %n\n"
        "  %r = borrow %x\n"
        "  %p = struct %r, %r : @Pair\n"
        "  assign %x, %n\n"
        "  call @look(%p)\n"
        "  ret\n"
        "}\n"
    ) == [
        "`%x` is assigned while it is borrowed",
        "7: `%x` is borrowed here",
        "8: the loan goes on here, into `%p`",
        "10: and it is used here later, through `%p`",
    ]


def test_the_next_iteration() -> None:
    told = story(
        "func @keep<'a>(%all: ref<mut [4 x ref<'a, mut i32>]>, %r: ref<'a, mut i32>)\n"
        "func @f(%c: i1, %all: [4 x ref<mut i32>], %n: i32) {\n"
        "^entry:\n"
        "  %x = local : i32\n"
        "  init %x, %n\n"
        "  %kept = local : [4 x ref<mut i32>]\n"
        "  init %kept, %all\n"
        "  br ^loop\n"
        "^loop:\n"
        "  %r = borrow mut %x\n"
        "  %whole = borrow mut %kept\n"
        "  call @keep(%whole, %r)\n"
        "  cond_br %c, ^loop, ^done\n"
        "^done:\n"
        "  ret\n"
        "}\n"
    )
    assert told[0] == "`%x` is mutably borrowed while it is mutably borrowed"
    assert told[1] == "10: `%x` is mutably borrowed here, in an earlier iteration of the loop"
    assert told[-1] == "11: and it is used here later, through `%kept`"


def test_a_destructor_is_the_use() -> None:
    told = story(
        "struct @Loud<'a> { x: ref<'a, i32> } drop @Loud.drop\n"
        "func @Loud.drop(%self: ref<mut @Loud>)\n"
        "func @f(%n: i32) {\n"
        "^entry:\n"
        "  %l = local : @Loud\n"
        "  %x = local : i32\n"
        "  init %x, %n\n"
        "  %r = borrow %x\n"
        "  %v = struct %r : @Loud\n"
        "  init %l, %v\n"
        "  end %x\n"
        "  end %l\n"
        "  ret\n"
        "}\n"
    )
    assert told[0] == "`%x` ends while it is borrowed"
    assert told[-1] == "12: and it may be used here, where `%l` is dropped, by @Loud.drop"


def test_for_whom_it_has_to_live() -> None:
    told = story(
        "func @f<'a>(%out: ref<mut ref<'a, i32>>, %n: i32) {\n"
        "^entry:\n"
        "  %x = local : i32\n"
        "  init %x, %n\n"
        "  %r = borrow %x\n"
        "  %p = deref %out\n"
        "  assign %p, %r\n"
        "  ret\n"
        "}\n"
    )
    assert told == [
        "`%x` ends with this activation, but is lent for 'a",
        "3: `%x` is declared here",
        "1: 'a is a region of this signature: it goes on when this returns",
        "5: `%x` is borrowed here",
        "7: the loan goes on here, into 'a",
    ]


def test_a_chain_of_regions() -> None:
    told = story(
        "struct @View<'a> { r: ref<'a, i32> }\n"
        "func @same<'a>(%x: ref<'a, i32>) -> ref<'a, i32>\n"
        "func @f<'a, 'b>(%x: ref<'a, i32>, %y: ref<'b, i32>) -> @View<'a> {\n"
        "^entry:\n"
        "  %s = call @same(%y)\n"
        "  %v = struct %s : @View<'_>\n"
        "  ret %v\n"
        "}\n"
    )
    assert told == [
        "'b need not live as long as 'a, but flows into it",
        "3: nothing in this signature says that 'b outlives 'a",
        "5: 'b goes on here, into `%s`",
        "6: 'b goes on here, into `%v`",
    ]


def test_scopes_that_close_in_the_wrong_order() -> None:
    (problem,) = problems(
        "altru 1\nmodule @m\n"
        "struct @Loud<'a> { r: ref<'a, own<i32>> } drop @Loud.drop\n"
        "func @Loud.drop(%self: ref<mut @Loud>)\n"
        "func @f(%o: own<i32>) {\n"
        "^entry:\n"
        "  %l = local : @Loud<'_>\n"
        "  %x = local : own<i32>\n"
        "  init %x, %o\n"
        "  %r = borrow %x\n"
        "  %v = struct %r : @Loud<'_>\n"
        "  init %l, %v\n"
        "  ret\n"
        "}\n"
    )
    assert problem.help == "scopes close in the reverse order of their declarations: declare `%x` before `%l`"
    assert problem.labels[0].message == "`%x` is declared here"
    assert problem.labels[-1].message == "and it may be used here, where `%l` is dropped, by @Loud.drop"


def test_of_a_line_the_last_step_and_few_of_many() -> None:
    lines = [f"  %v{at + 1} = tuple %v{at}, %n\n" for at in range(20)]
    told = story(
        "func @look(%r: ref<i32>)\n"
        "func @f(%n: i32) {\n"
        "^entry:\n"
        "  %x = local : i32\n"
        "  init %x, %n\n"
        "  %v0 = borrow %x\n" + "".join(lines) + "  assign %x, %n\n"
        "  %h = local : " + "(" * 20 + "ref<i32>" + ", i32)" * 20 + "\n"
        "  init %h, %v20\n"
        "  end %h\n"
        "  ret\n"
        "}\n"
    )
    assert len(told) == 2 + 8 + 1
    assert told[-2].endswith("into `%v20`")
