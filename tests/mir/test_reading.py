"""What is read of rustc's texts: types, declarations, statements. Needs no rustc."""

from __future__ import annotations

from pathlib import Path

import pytest

from altru_ir.module import Module
from altru_ir.passes.verify.moves import check_moves
from tests.mir.ir_types import Types
from tests.mir.mir_text import read_body
from tests.mir.rust_items import read_items
from tests.mir.rust_types import Refused, read_type, regions_of, spell
from tests.mir.translate import Translator


@pytest.mark.parametrize(
    ("text", "name", "regions"),
    [
        ("&'?3 mut std::vec::Vec<(i32, &'a str), std::alloc::Global>", "&mut Vec<(i32, &str)>", ["'?3", "'a"]),
        ("Box<(dyn std::ops::Fn<(i32,), Output = i32> + '?8)>", "Box<dyn Fn<(i32,), i32>>", ["'?8"]),
        ("std::boxed::Box<dyn Fn(i32) -> i32>", "Box<dyn Fn<(i32,), i32>>", ["'_"]),
        ("[u8; ValTree(Leaf(0x0000000000000004): usize)]", "[u8; 4]", []),
        ("for<'a> fn(&'a str) -> usize {core::str::<impl str>::len}", "fn(&str) -> usize {core::str::<impl str>::len}", []),
        ("<std::vec::Vec<u8> as std::ops::Index<usize>>::Output", "<Vec<u8> as Index<usize>>::Output", []),
        ("*const [std::option::Option<!>]", "*const [Option<!>]", []),
    ],
)
def test_types(text: str, name: str, regions: list[str]) -> None:
    read = read_type(text)
    assert spell(read) == name
    assert regions_of(read) == regions


def test_a_closure_is_what_it_captures() -> None:
    read = read_type("{f::{closure#0} closure_kind_ty=i8 closure_sig_as_fn_ptr_ty=fn((i32,)) upvar_tys=(&'?4 mut i32, u8)}")
    assert read.kind == "closure"
    assert [spell(part) for part in read.parts] == ["&mut i32", "u8"]


def test_declarations() -> None:
    items = read_items(
        """
        struct Pair<'a, T: Clone> where T: 'a { pub(crate) left: &'a T, right: Vec<T> } // struct No { x: i32 }
        fn f() { enum Inner { A = 3, B(String, u8), C { x: Name } } let s = "struct Nor { }"; }
        type Name = Box<u8>;
        #[derive(Clone)] union Bits { a: u32, b: f32 }
        impl<'a, T: Clone> Drop for Pair<'a, T> { fn drop(&mut self) {} }
        impl ::core::marker::Copy for Bits { }
        """
    )
    pair, inner = items["Pair"], items["Inner"]
    assert (pair.regions, pair.parameters, pair.drops, pair.copies) == (("'a",), ("T",), True, False)
    assert [(name, spell(type)) for name, type in pair.variants[0].fields] == [("left", "&T"), ("right", "Vec<T>")]
    assert [variant.name for variant in inner.variants] == ["A", "B", "C"]
    assert inner.discriminants
    assert spell(inner.variants[2].fields[0][1]) == "Box<u8>"
    assert items["Bits"].copies
    assert "No" not in items
    assert "Nor" not in items


DUMP = """\
// MIR for `f` 0 nll

fn f(_1: String) -> () {
    debug s => _1;                       // in scope 0 at program.rs:1:6: 1:7
    let mut _0: ();                      // return place in scope 0 at program.rs:1:17: 1:17
    let _2: std::string::String;         // in scope 0 at program.rs:2:9: 2:10
    let _3: std::string::String;         // in scope 0 at program.rs:3:9: 3:10

    bb0: {
        StorageLive(_2);                 // bb0[0]: scope 0 at program.rs:2:9: 2:10
        _2 = move _1;                    // bb0[1]: scope 0 at program.rs:2:13: 2:14
        StorageLive(_3);                 // bb0[2]: scope 1 at program.rs:3:9: 3:10
        _3 = move _1;                    // bb0[3]: scope 1 at program.rs:3:13: 3:14
        drop(_3) -> [return: bb1, unwind: bb3]; // bb0[4]: scope 1 at program.rs:4:1: 4:2
    }

    bb1: {
        StorageDead(_3);                 // bb1[0]: scope 1 at program.rs:4:1: 4:2
        drop(_2) -> [return: bb2, unwind: bb4]; // bb1[1]: scope 0 at program.rs:4:1: 4:2
    }

    bb2: {
        StorageDead(_2);                 // bb2[0]: scope 0 at program.rs:4:1: 4:2
        _0 = const ConstValue(ZeroSized: ()); // bb2[1]: scope 0 at program.rs:4:1: 4:2
        return;                          // bb2[2]: scope 0 at program.rs:4:2: 4:2
    }

    bb3 (cleanup): {
        drop(_2) -> [return: bb4, unwind terminate(cleanup)]; // bb3[0]: scope 0 at program.rs:4:1: 4:2
    }

    bb4 (cleanup): {
        resume;                          // bb4[0]: scope 0 at program.rs:1:1: 4:2
    }
}
"""


def test_a_body(tmp_path: Path) -> None:
    path = tmp_path / "program.f.nll.0.mir"
    path.write_text(DUMP)
    body = read_body(path)
    assert [block.cleanup for block in body.blocks.values()] == [False, False, False, True, True]
    module = Module("read")
    function = Translator(Types(module, read_items(""), {"String"}, set()), body, "f").run()
    (found,) = check_moves(function, module)
    assert (found.code, str(found.location)) == ("ALT-M001", "program.rs:3:13")
    assert [str(label.location) for label in found.labels][-1] == "program.rs:2:13"


def test_what_is_not_understood_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.f.nll.0.mir"
    path.write_text(DUMP.replace("_3 = move _1", "_3 = conjure _1"))
    with pytest.raises(Refused, match="unread text"):
        read_body(path)
