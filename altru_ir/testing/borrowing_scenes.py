"""Scenes: short stories of references for the programs of ``borrowing``, each about one thing that its statements rarely meet.

A scene is text about values of its own, so it stands anywhere in a program and has no part in the model of what is lent. ``#``
in it becomes a number. Lines that begin with ``<`` are those of a correct program, those with ``>`` of a wrong one, in which
something happens that a later use does not survive: mostly an access and a use in the other order. A scene without such lines
is correct, for a reason that a borrow checker has to know: what it refers to is not what changes, or the loan has ended.
``functions`` of a scene stand in front of the program's own; their lines are marked in the same way.

Example: ``SCENES["moved by a jump"].texts(True, "4")`` gives the functions and the body of the wrong one; names in it end in 4.

Invariant: without the lines with ``>`` no scene makes a memory error on any input; with them, and without those with ``<``,
each does on some.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Scene:
    """``body`` stands in a function that has ``%n: i64`` and the constants of ``borrowing``; ``types`` are declared once."""

    body: str = "call @scene#(%n)\n"
    functions: str = ""
    types: str = ""

    @property
    def may_be_wrong(self) -> bool:
        return any(line.startswith(">") for line in (self.body + self.functions).splitlines())

    def texts(self, wrong: bool, number: str) -> tuple[str, list[str]]:
        """The functions, and the lines of the body."""
        return "".join(f"{line}\n" for line in _chosen(self.functions, wrong, number)), _chosen(self.body, wrong, number)


def _chosen(text: str, wrong: bool, number: str) -> list[str]:
    left_out, kept = ("<", ">") if wrong else (">", "<")
    lines = (line.removeprefix(kept) for line in text.splitlines() if not line.startswith(left_out))
    return [line.strip() if not line.startswith("  ") else line for line in (line.replace("#", number) for line in lines)]


X = "%x# = local : i64\ninit %x#, %n\n"
Y = "%y# = local : i64\ninit %y#, %seven\n"
CHANGE = "assign %x#, %seven\n"
FUNCTION = "private func @scene#(%n: i64) {\n^entry:\n  %seven = const 7 : i64\n"


def _orders(setup: str, access: str, use: str) -> str:
    """Text in which the use comes first, or in the wrong one the access."""
    right = "".join(f"<{line}\n" for line in (use + access).splitlines())
    return setup + right + "".join(f">{line}\n" for line in (access + use).splitlines())


def _seen(reference: str, number: str = "") -> str:
    """A use: what a reference leads to is read."""
    return f"%seen{number}# = deref {reference}\n%value{number}# = load %seen{number}#\n"


def _written(reference: str, number: str = "") -> str:
    return f"%seen{number}# = deref {reference}\nassign %seen{number}#, %seven\n"


def _within(lines: str) -> str:
    return "".join(f"{line[0]}  {line[1:]}\n" if line[0] in "<>" else f"  {line}\n" for line in lines.splitlines())


def _function(lines: str) -> str:
    """A function of its own with these lines, for what has blocks."""
    body = "".join(f"{line}\n" if line.lstrip("<>").startswith("^") else _within(line) for line in lines.splitlines())
    return f"{FUNCTION}{body}  ret\n}}\n"


LOUD = "struct @Loud<'a> { r: ref<'a, mut i64> } drop @Loud.drop\n"
LOUD += "func @Loud.drop<'a>(%self: ref<mut @Loud<'a>>) nounwind {\n^entry:\n  %s = deref %self\n  %p = field %s, r\n"
LOUD += "  %q = deref %p\n  %one = const 1 : i64\n  assign %q, %one\n  ret\n}\n"
KEEPER = "struct @Keeper<'a> { r: ref<'a, i64>, o: own<i64> }\n"
BOTH = "struct @Both<'a> { o: own<i64>, r: ref<'a, mut i64> }\n"
PUT = "private func @put#<'a>(%to: ref<mut ref<'a, i64>>, %r: ref<'a, i64>) {\n^entry:\n  %p = deref %to\n"
PUT += "  assign %p, %r\n  ret\n}\n"
PUT_LONGER = PUT.replace("<'a>", "<'a, 'b: 'a>").replace("%r: ref<'a", "%r: ref<'b")

SCENES: dict[str, Scene] = {
    "lent by an operation": Scene(
        "%home# = local : arena\n%a# = arena.new\ninit %home#, %a#\n%m# = borrow mut %home#\ncall @scene#(%m#, %n)\n",
        "private func @scene#(%h: ref<mut arena>, %n: i64) {\n^entry:\n"
        + _within(_orders("%r# = arena.alloc %h, %n\n", "arena.reset %h\n", "%p# = deref %r#\n%v# = load %p#\n"))
        + "  ret\n}\n",
    ),
    "behind a shared reference that moves": Scene(
        X + "%r# = borrow %x#\n%o# = new %n : own<i64>\n%v# = struct %r#, %o# : @Keeper<'_>\n%h# = local : @Keeper<'_>\n"
        "init %h#, %v#\n%f# = field %h#, r\n%p# = deref %f#\n%s# = borrow %p#\n%t# = take %h#\n"
        + _seen("%s#") + "drop %t#\n",
        types=KEEPER,
    ),
    "the frame": Scene(
        "%y# = local : i64\ninit %y#, %n\n%h# = local : ref<[? x uninit<i64>]>\n%three# = const 3 : usize\n"
        "%b# = stack.alloc %three# : ref<mut [? x uninit<i64>]>\n%bp# = deref %b#\n%bs# = borrow %bp#\ninit %h#, %bs#\n"
        ">%m# = borrow mut %h#\n>call @scene#(%m#)\n%hp# = deref %h#\n%length# = dim %hp#, 0\n%e# = elem %hp#, %k0\n"
        ">%ep# = borrow %e#\n>%w# = assume_init %ep# unsafe\n>%wp# = deref %w#\n>%v# = load %wp#\n",
        "private func @scene#<'a>(%to: ref<mut ref<'a, [? x uninit<i64>]>>) {\n^entry:\n  %k = const 3 : usize\n"
        "  %b = stack.alloc %k : ref<mut [? x uninit<i64>]>\n  %q = deref %b\n  %s = borrow %q\n  %p = deref %to\n"
        ">  assign %p, %s\n  ret\n}\n",
    ),
    "where the old one led": Scene(
        X + Y + "%r# = borrow mut %x#\n%h# = local : ref<mut i64>\ninit %h#, %r#\n%p# = deref %h#\n%s# = borrow mut %p#\n"
        "%t# = borrow mut %y#\nassign %h#, %t#\n%q# = deref %h#\nassign %q#, %n\n" + _written("%s#"),
    ),
    "around a loop into an argument": Scene(functions=_function(
        X + Y + "%r# = borrow mut %y#\nbr ^head(%r#)\n^head(%s#: ref<mut i64>):\n"
        + _orders("", "%t# = borrow mut %x#\n", _written("%s#"))
        + "%more# = call @flip()\ncond_br %more#, ^head(%t#), ^out\n^out:\n"
    )),
    "moved out": Scene(_orders(
        "%o# = new %n : own<i64>\n%l# = local : own<i64>\ninit %l#, %o#\n%p# = deref %l#\n%r# = borrow %p#\n",
        "%t# = take %l#\n%tp# = deref %t#\nassign %tp#, %n\ndrop %t#\n", _seen("%r#"),
    )),
    "read": Scene(_orders(
        X + "%r# = borrow mut %x#\n" + _written("%r#", "before"), "%v# = load %x#\n", _written("%r#"),
    )),
    "dropped in its place": Scene(_orders(
        "%o# = new %n : own<i64>\n%l# = local : own<i64>\ninit %l#, %o#\n%p# = deref %l#\n%r# = borrow %p#\n", "drop %l#\n",
        _seen("%r#"),
    )),
    "exchanged": Scene(_orders(X + "%r# = borrow %x#\n", "%old# = exchange %x#, %seven\n", _seen("%r#"))),
    "what came from": Scene(_orders(
        X + "%r# = borrow mut %x#\n%p# = deref %r#\n%s# = borrow mut %p#\n",
        "%old# = call @scene#(%r#)\n", _written("%s#"),
    ), "private func @scene#(%r: ref<mut i64>) -> i64 {\n^entry:\n  %p = deref %r\n  %v = load %p\n  assign %p, %v\n"
       "  ret %v\n}\n"),
    "dropped as a value": Scene(_orders(
        "%o# = new %n : own<i64>\n%p# = deref %o#\n%r# = borrow %p#\n", "drop %o#\n", _seen("%r#"),
    )),
    "a panic leaves": Scene(functions="private func @leaves#<'a>(%to: ref<mut ref<'a, i64>>, %back: ref<'a, i64>, %n: i64) {\n"
        "^entry:\n  %x = local : i64\n  init %x, %n\n  %r = borrow %x\n  %p = deref %to\n  %c = call @flip()\n"
        "  cond_br %c, ^fails, ^fine\n^fails:\n>  assign %p, %r\n  panic \"work failed\"\n^fine:\n"
        "  assign %p, %back\n  ret\n}\n"
        + _function(
        Y + "%back# = borrow %y#\n%h# = local : ref<i64>\ninit %h#, %back#\nbr ^body#\n^body# unwind ^cleanup#:\n"
        "%m# = borrow mut %h#\ncall @leaves#(%m#, %back#, %n)\nbr ^done#\n^cleanup#:\n%c# = load %h#\n"
        + _seen("%c#") + "resume\n^done#:\n",
    )),
    "the destructor of a local": Scene(_orders(
        X + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n%h# = local : @Noisy<'_>\ninit %h#, %v#\n",
        "%m# = borrow mut %x#\n" + _written("%m#") + "end %x#\n", "end %h#\n",
    )),
    "the destructor of a value": Scene(_orders(
        X + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n", "end %x#\n", "drop %v#\n",
    )),
    "moved out on one way": Scene(functions=_function(
        X + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n%h# = local : @Noisy<'_>\ninit %h#, %v#\n%c# = call @flip()\n"
        "cond_br %c#, ^yes#, ^no#\n^yes#:\n<%t# = take %h#\n<drop %t#\n" + CHANGE + ">%m# = borrow mut %x#\n>%mp# = deref %m#\n"
        ">end %x#\nbr ^join#\n^no#:\nbr ^join#\n^join#:\nend %h#\n",
    )),
    "moved by a jump": Scene(functions=_function(
        "%o# = new %n : own<i64>\n%p# = deref %o#\n%r# = borrow %p#\n<%early# = deref %r#\n<%e# = load %early#\n"
        "br ^next#(%o#)\n^next#(%q#: own<i64>):\n%qp# = deref %q#\nassign %qp#, %seven\n>%late# = deref %r#\n"
        ">%l# = load %late#\ndrop %q#\n",
    )),
    "used by a cleanup": Scene(functions=_function(
        X + Y + "%r# = borrow %x#\n%s# = borrow %y#\n%h# = local : ref<i64>\ninit %h#, %r#\nbr ^body#\n"
        "^body# unwind ^cleanup#:\n<call @work()\n" + CHANGE
        + ">call @work()\nassign %h#, %s#\nbr ^done#\n^cleanup#:\n%c# = load %h#\n" + _seen("%c#")
        + "resume\n^done#:\n",
    )),
    "a union": Scene(_orders(
        "%w# = union whole, %n : @Word\n%u# = local : @Word\ninit %u#, %w#\n%a# = field %u#, whole unsafe\n"
        "%b# = field %u#, other unsafe\n%r# = borrow %a#\n", "assign %b#, %seven\n", _seen("%r#"),
    ), types="union @Word { whole: i64, other: i64 }\n"),
    "an element": Scene(_orders(
        "%a# = array %n, %n, %n : [3 x i64]\n%l# = local : [3 x i64]\ninit %l#, %a#\n%e# = elem %l#, %at\n%f# = elem %l#, %k0\n"
        "%r# = borrow %e#\n", "assign %f#, %seven\n", _seen("%r#"),
    )),
    "other elements": Scene(
        "%a# = array %n, %n, %n : [3 x i64]\n%l# = local : [3 x i64]\ninit %l#, %a#\n%e# = elem %l#, %k1\n%f# = elem %l#, %k2\n"
        "%r# = borrow %e#\nassign %f#, %seven\n" + _seen("%r#"),
    ),
    "a drop leaves references alone": Scene(
        X + "%o# = new %n : own<i64>\n%r# = borrow mut %x#\n%v# = struct %o#, %r# : @Both<'_>\n%h# = local : @Both<'_>\n"
        "init %h#, %v#\n%f# = field %h#, r\n%p# = deref %f#\n%s# = borrow mut %p#\nend %h#\n" + _written("%s#"),
        types=BOTH,
    ),
    "a destructor by assignment": Scene(_orders(
        X + Y + "%r# = borrow mut %x#\n%t# = borrow mut %y#\n%v# = struct %r# : @Loud<'_>\n%w# = struct %t# : @Loud<'_>\n"
        "%h# = local : @Loud<'_>\ninit %h#, %v#\n%f# = field %h#, r\n%p# = deref %f#\n%s# = borrow mut %p#\n",
        "assign %h#, %w#\n", _written("%s#"),
    ), types=LOUD),
    "for a region of the signature": Scene(functions=
        "private func @keeps#<'a>(%to: ref<mut ref<'a, i64>>, %n: i64) {\n^entry:\n  %x = local : i64\n  init %x, %n\n"
        "  %r = borrow %x\n  %p = deref %to\n>  assign %p, %r\n  ret\n}\n" + _function(
        Y + "%h# = local : ref<i64>\n%r# = borrow %y#\ninit %h#, %r#\n%m# = borrow mut %h#\ncall @keeps#(%m#, %n)\n"
        "%late# = load %h#\n" + _seen("%late#"),
    )),
    "returned and written": Scene(functions=
        "private func @gives#<'a>(%r: ref<'a, mut i64>) -> ref<'a, mut i64> {\n^entry:\n  %p = deref %r\n  %s = borrow mut %p\n"
        "  %one = const 1 : i64\n>  assign %p, %one\n  ret %s\n}\n" + _function(
        X + "%r# = borrow mut %x#\n%s# = call @gives#(%r#)\n" + _written("%s#"),
    )),
    "at the head of a loop": Scene(functions=_function(
        X + Y + "%first# = borrow %y#\n%zero# = const 0 : i64\n%one# = const 1 : i64\n%two# = const 2 : i64\n"
        "br ^head#(%first#, %zero#)\n^head#(%r#: ref<i64>, %i#: i64):\n" + _orders("", CHANGE, _seen("%r#"))
        + "%more# = icmp slt %i#, %two#\ncond_br %more#, ^body#, ^done#\n^body#:\n%s# = borrow %x#\n%j# = add %i#, %one#\n"
        "br ^latch#\n^latch#:\nbr ^head#(%s#, %j#)\n^done#:\n",
    )),
    "stored by a call": Scene(_orders(
        X + Y + "%h# = local : ref<i64>\n%s# = borrow %y#\ninit %h#, %s#\n%m# = borrow mut %h#\n%r# = borrow %x#\n"
        "call @put#(%m#, %r#)\n", CHANGE, "%late# = load %h#\n" + _seen("%late#"),
    ), PUT),
    "stored by a call with a clause": Scene(_orders(
        X + Y + "%h# = local : ref<i64>\n%s# = borrow %y#\ninit %h#, %s#\n%m# = borrow mut %h#\n%r# = borrow %x#\n"
        "call @put#(%m#, %r#)\n", CHANGE, "%late# = load %h#\n" + _seen("%late#"),
    ), PUT_LONGER),
    "lent to a thread": Scene(
        X + "%scope# = local : thread_scope<'_>\n%r# = borrow %x#\n%t# = spawn in %scope#, @look(%r#)\ndrop %t#\n"
        ">assign %x#, %seven\nend %scope#\n<assign %x#, %seven\n",
    ),
    "behind a shared one in another": Scene(
        X + "%r# = borrow %x#\n%h# = local : ref<i64>\ninit %h#, %r#\n%o# = borrow %h#\n%s# = call @inner#(%o#)\nend %h#\n"
        + _seen("%s#"),
        "private func @inner#<'a, 'b>(%x: ref<'a, ref<'b, i64>>) -> ref<'b, i64> {\n^entry:\n  %p = deref %x\n  %q = deref %p\n"
        "  %r = borrow %q\n  ret %r\n}\n",
    ),
    "in an enum": Scene(functions=_function(
        X + "%r# = borrow %x#\n%v# = enum One, %r# : @Maybe<'_>\n%h# = local : @Maybe<'_>\ninit %h#, %v#\n>assign %x#, %seven\n"
        "switch_enum %h#, One ^one#, ^none#\n^one#:\n%p# = variant %h#, One\n%s# = load %p#\n" + _seen("%s#")
        + "br ^none#\n^none#:\n",
    )),
    "in a tuple": Scene(_orders(
        X + "%r# = borrow %x#\n%v# = tuple %r#, %n\n%h# = local : (ref<i64>, i64)\ninit %h#, %v#\n", CHANGE,
        "%w# = load %h#\n%s#, %other# = destructure %w#\n" + _seen("%s#"),
    )),
    "taken apart": Scene(_orders(
        X + "%r# = borrow %x#\n%v# = tuple %r#, %n\n%s#, %other# = destructure %v#\n", CHANGE, _seen("%s#"),
    )),
    "from an arena": Scene(_orders(
        "%home# = local : arena\n%a# = arena.new\ninit %home#, %a#\n%shared# = borrow %home#\n%r# = arena.alloc %shared#, %n\n",
        "%whole# = borrow mut %home#\narena.reset %whole#\n", _seen("%r#"),
    )),
    "in a cell": Scene(_orders(
        X + Y + "%s# = borrow %y#\n%r# = borrow %x#\n%c# = cell.new %s#\n%l# = local : cell<ref<i64>>\ninit %l#, %c#\n"
        "%shared# = borrow %l#\ncell.set %shared#, %r#\n", CHANGE, "%again# = borrow %l#\n%late# = cell.get %again#\n"
        + _seen("%late#"),
    )),
    "in a cell by a call": Scene(_orders(
        X + Y + "%s# = borrow %y#\n%r# = borrow %x#\n%c# = cell.new %s#\n%l# = local : cell<ref<i64>>\ninit %l#, %c#\n"
        "%shared# = borrow %l#\ncall @fill#(%shared#, %r#)\n", CHANGE, "%again# = borrow %l#\n%late# = cell.get %again#\n"
        + _seen("%late#"),
    ), "private func @fill#<'a>(%c: ref<cell<ref<'a, i64>>>, %r: ref<'a, i64>) {\n^entry:\n  cell.set %c, %r\n  ret\n}\n"),
    "what may dangle": Scene(
        "%h# = local : @Lax<'_>\n" + X + "%r# = borrow %x#\n%v# = struct %r# : @Lax<'_>\ninit %h#, %v#\n" + CHANGE + "end %x#\n"
        "end %h#\n",
        types="struct @Lax<'a> { r: ref<'a, i64> } drop @Lax.drop {may_dangle = \"'a\"}\n"
        "func @Lax.drop<'a>(%self: ref<mut @Lax<'a>>) nounwind {\n^entry:\n  ret\n}\n",
    ),
    "a guard": Scene(_orders(
        "%l# = local : mutex<i64>\n%m# = mutex.new %n\ninit %l#, %m#\n%r# = borrow %l#\n%g# = lock %r#\n",
        "end %l#\n", "drop %g#\n",
    )),
    "an owner in its home": Scene(_orders(
        "%home# = local : pool<i64>\n%a# = pool.new : pool<i64>\ninit %home#, %a#\n%shared# = borrow %home#\n"
        "%o# = pool.acquire %shared#, %n\n", "end %home#\n", "drop %o#\n",
    )),
    "implied by a reference": Scene(
        X + "%r# = borrow %x#\n%h# = local : ref<i64>\ninit %h#, %r#\n%o# = borrow %h#\n%s# = call @shorter#(%o#, %r#)\n"
        + _seen("%s#"),
        "private func @shorter#<'a, 'b>(%x: ref<'a, ref<'b, i64>>, %y: ref<'b, i64>) -> ref<'a, i64> {\n^entry:\n  ret %y\n}\n",
    ),
    "implied by a type": Scene(
        X + "%r# = borrow %x#\n%v# = struct %r#, %r# : @Bounded<'_, '_>\n%s# = call @bounded#(%v#, %r#)\n" + _seen("%s#"),
        "private func @bounded#<'a, 'b>(%x: @Bounded<'a, 'b>, %y: ref<'b, i64>) -> ref<'a, i64> {\n^entry:\n  ret %y\n}\n",
        types="struct @Bounded<'a, 'b: 'a> { r: ref<'a, i64>, s: ref<'b, i64> }\n",
    ),
    "behind a raw pointer": Scene(  # whoever reads there leaves an exclusive reference alone that has not written yet
        X + "%r# = borrow mut %x#\n%raw# = ref.to_ptr %r#\n%q# = deref %raw# unsafe\n%s# = borrow mut %q#\n%v# = load %q#\n"
        + _written("%s#"),
    ),
    "a function for any region": Scene(
        Y + "%s# = borrow %y#\n%h# = local : ref<i64>\ninit %h#, %s#\n%f# = func.ref @put#\n%m# = borrow mut %h#\n"
        "call @any#(%f#, %m#, %n)\n%late# = load %h#\n" + _seen("%late#"),
        PUT + "private func @any#<'x>(%f: fn(ref<mut ref<'x, i64>>, ref<'x, i64>), %to: ref<mut ref<'x, i64>>, %n: i64) {\n"
        "^entry:\n  %x = local : i64\n  init %x, %n\n  %r = borrow %x\n"
        ">  %l = local : fn<for 'r>(ref<mut ref<'x, i64>>, ref<'r, i64>)\n"
        ">  init %l, %f\n>  %g = load %l\n>  call %g(%to, %r)\n  ret\n}\n",
    ),
    "a function that asks for less": Scene(
        X + "%r# = borrow %x#\n%f# = func.ref @look\ncall @less#(%f#, %r#)\n",
        "private func @less#<'a, 'b: 'a>(%f: fn(ref<'a, i64>) -> i64 nounwind, %r: ref<'b, i64>) {\n^entry:\n"
        "  %l = local : fn(ref<'b, i64>) -> i64 nounwind\n  init %l, %f\n  %g = load %l\n  %v = call %g(%r)\n  ret\n}\n",
    ),
    "an owner of what is not known": Scene(_orders(
        X + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n%o# = new %v# : own<@Noisy<'_>>\n"
        "%d# = unsize %o# : own<dyn<'_>>\n", "end %x#\n", "drop %d#\n",
    )),
    "in a pool by a call": Scene(_orders(
        "%home# = local : pool<@Noisy<'_>>\n%p# = pool.new : pool<@Noisy<'_>>\ninit %home#, %p#\n" + X
        + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n%shared# = borrow %home#\ncall @fill#(%shared#, %v#)\n",
        "end %x#\n", "end %home#\n",
    ), "private func @fill#<'a>(%c: ref<pool<@Noisy<'a>>>, %v: @Noisy<'a>) {\n^entry:\n  %i = pool.insert %c, %v\n  ret\n}\n"),
    "an owner of what is not known for less": Scene(
        X + "%r# = borrow %x#\n%v# = struct %r#, %n : @Noisy<'_>\n%o# = new %v# : own<@Noisy<'_>>\n"
        "%d# = call @hidden#(%o#)\ndrop %d#\n",
        "private func @hidden#<'a: 'b, 'b>(%o: own<@Noisy<'a>>) -> own<dyn<'b>> {\n^entry:\n"
        "  %d = unsize %o : own<dyn<'b>>\n  ret %d\n}\n",
    ),
}  # fmt: skip

__all__ = ["SCENES", "Scene"]
