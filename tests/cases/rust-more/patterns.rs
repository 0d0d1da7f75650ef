// Moves and drops through patterns: by value, by reference, in parts, in loops.
#![allow(unused, dead_code)]
use std::collections::HashMap;

pub struct Noisy(String);
impl Drop for Noisy { fn drop(&mut self) {} }
pub struct Point { name: String, tag: Box<i32>, n: i32 }
pub enum Tree { Leaf, Node(Box<Tree>, String, Box<Tree>) }
pub enum Msg { Quit, Text(String), Pair { a: String, b: Noisy }, Many(Vec<String>) }
fn eat<T>(_: T) {}
fn look<T>(_: &T) {}
fn cond() -> bool { false }
fn text() -> String { String::new() }

pub fn move_and_ref_in_one_pattern(p: Point) {
    let Point { name, ref tag, n } = p;
    look(tag);
    eat(name);
    eat(p.tag);
}
pub fn ref_then_whole(p: Point) {
    let Point { ref name, .. } = p;
    look(name);
    eat(p);
}
pub fn part_then_whole(p: Point) {
    let Point { name, .. } = p;
    eat(p); //~ E0382
}
pub fn match_moves_on_one_arm(m: Msg) {
    match m {
        Msg::Text(s) => eat(s),
        Msg::Pair { ref a, .. } => look(a),
        _ => {}
    }
    look(&m); //~ E0382
}
pub fn match_refs_only(m: Msg) {
    match m {
        Msg::Text(ref s) => look(s),
        Msg::Many(ref v) if v.len() > 1 => look(v),
        Msg::Quit | Msg::Many(_) => {}
        Msg::Pair { ref b, .. } => look(b),
    }
    eat(m);
}
pub fn guard_uses_binding(m: Msg) -> String {
    match m {
        Msg::Text(s) if s.len() > 3 => s,
        Msg::Text(t) => t + "!",
        Msg::Pair { a, b } => { drop(b); a }
        _ => text(),
    }
}
pub fn guard_moves_binding(m: Msg) -> usize {
    match m {
        Msg::Text(s) if { eat(s); false } => 1, //~ E0507
        _ => 2,
    }
}
pub fn nested_box_pattern(t: Tree) -> String {
    match t {
        Tree::Leaf => text(),
        Tree::Node(l, s, _) => match *l {
            Tree::Leaf => s,
            Tree::Node(_, inner, r) => { eat(r); inner }
        },
    }
}
pub fn nested_then_use(t: Tree) {
    if let Tree::Node(l, _, r) = t {
        eat(l);
        look(&r);
    }
    if let Tree::Node(_, s, _) = t { //~ E0382
        look(&s);
    }
}
pub fn nested_then_same(t: Tree) {
    if let Tree::Node(l, ..) = t { eat(l); }
    if let Tree::Node(l, ..) = t { eat(l); } //~ E0382
}
pub fn let_else(o: Option<String>) -> usize {
    let Some(s) = o else { return 0 };
    s.len()
}
pub fn let_else_then_use(o: Option<String>) -> usize {
    let Some(s) = o else { eat(o); return 0 };
    look(&o); //~ E0382
    s.len()
}
pub fn if_let_chain(o: Option<(String, Noisy)>) {
    if let Some((s, n)) = o {
        eat(s);
        look(&n);
    } else {
        look(&0);
    }
}
pub fn while_let_pop(mut v: Vec<Noisy>) {
    while let Some(n) = v.pop() {
        if cond() { continue; }
        if cond() { break; }
        eat(n);
    }
    look(&v);
}
pub fn at_binding(o: Option<String>) {
    match o {
        ref all @ Some(ref s) if s.is_empty() => { look(all); look(s); }
        whole @ Some(_) => eat(whole),
        None => {}
    }
}
pub fn at_binding_copy(n: Option<i32>) -> i32 {
    match n { x @ Some(y) => { look(&x); y } None => 0 }
}
pub fn tuple_in_parts(t: (String, (Noisy, Box<String>), [String; 2])) {
    let (a, (b, c), [d, _]) = t;
    eat(b);
    look(&a);
    look(&t.2[1]); //~ E0382
    eat(*c);
}
pub fn array_pattern(a: [String; 4]) {
    let [first, .., last] = a;
    eat(first);
    eat(last);
    look(&a[1]); //~ E0382
}
pub fn array_pattern_again(a: [String; 4]) {
    let [first, ..] = a;
    let [again, ..] = a; //~ E0382
    eat(first);
    eat(again);
}
pub fn array_rest(a: [String; 4]) {
    let [first, rest @ ..] = a;
    eat(rest);
    look(&first);
}
pub fn array_index(a: [String; 4], i: usize) {
    let s = a[i]; //~ E0508
}
pub fn slice_pattern(a: &[String]) -> usize {
    match a {
        [] => 0,
        [one] => one.len(),
        [first, .., last] => first.len() + last.len(),
    }
}
pub fn slice_move(a: &[String]) {
    match *a { //~ E0508
        [s, ..] => eat(s),
        _ => {}
    }
}
pub fn box_of_struct(b: Box<Point>) {
    let Point { name, tag, .. } = *b;
    eat(name);
    look(&tag);
}
pub fn box_then_whole(b: Box<Point>) {
    let n = b.name;
    eat(b); //~ E0382
}
pub fn box_refill(mut b: Box<Point>) {
    eat(b.name);
    b.name = text();
    eat(b);
}
pub fn out_of_ref(p: &Point) {
    let n = p.name; //~ E0507
}
pub fn out_of_mut_ref(p: &mut Point) {
    let Point { name, .. } = *p; //~ E0507
}
pub fn out_of_drop(n: Noisy) {
    let Noisy(s) = n; //~ E0509
}
pub fn out_of_drop_in_enum(m: Msg) {
    if let Msg::Pair { b: Noisy(s), .. } = m { eat(s); } //~ E0509
}
pub fn or_pattern(r: Result<String, String>) -> String {
    let (Ok(s) | Err(s)) = r;
    s
}
pub fn or_pattern_use(r: Result<String, String>) {
    let (Ok(s) | Err(s)) = r;
    look(&r); //~ E0382
}
pub fn swap_parts(mut p: Point, mut q: Point) -> (Point, Point) {
    let t = p.name;
    p.name = q.name;
    q.name = t;
    (p, q)
}
pub fn update_syntax(p: Point, q: Point) -> Point {
    let r = Point { name: text(), ..p };
    look(&p.name);
    eat(q);
    r
}
pub fn update_syntax_after(p: Point) {
    let r = Point { n: 1, ..p };
    look(&p.name); //~ E0382
}
pub fn for_pattern(v: Vec<(String, Noisy)>) {
    for (s, n) in v {
        if cond() { eat(s); }
        look(&n);
    }
}
pub fn for_over_ref(v: Vec<String>) {
    for s in &v { look(s); }
    for s in v { eat(s); }
}
pub fn for_then_use(v: Vec<String>) {
    for s in v { eat(s); }
    look(&v); //~ E0382
}
pub fn map_entry(mut m: HashMap<String, String>, k: String) {
    if let Some(old) = m.insert(k, text()) { eat(old); }
    look(&m);
}
pub fn main() {}
