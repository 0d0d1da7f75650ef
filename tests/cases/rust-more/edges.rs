// Moves and drops where rules meet: assignments that take apart, parts of parts, lists, captures of parts, unions of ways.
#![allow(unused, dead_code, unreachable_code)]
use std::collections::BTreeMap;

pub struct Noisy(String);
impl Drop for Noisy { fn drop(&mut self) {} }
pub struct Two { a: Noisy, b: Noisy }
pub struct Four { x: Two, y: Box<Two>, z: Option<Noisy>, n: i32 }
pub enum List { Nil, Cons(Noisy, Box<List>) }
pub enum Loud { One(String), Two(String, String) }
impl Drop for Loud { fn drop(&mut self) {} }
pub enum Outer { In(Inner), Both(Inner, String), No }
pub enum Inner { A(String), B { s: String, t: Box<Outer> } }
pub struct Link { next: Option<Box<Link>>, value: Noisy }
pub struct Holder<'a> { r: &'a mut Option<Noisy>, own: String }
pub struct Gen<T: Default> { items: Vec<T>, last: Option<T> }
impl<T: Default> Gen<T> {
    fn new() -> Self { Gen { items: Vec::new(), last: None } }
    fn last(self) -> Option<T> { self.last }
}
fn eat<T>(_: T) {}
fn look<T>(_: &T) {}
fn edit<T>(_: &mut T) {}
fn cond() -> bool { false }
fn text() -> String { String::new() }
fn noisy() -> Noisy { Noisy(String::new()) }
fn maybe() -> Option<Noisy> { None }

pub fn take_apart_assignment(t: Two) {
    let (mut a, mut b) = (noisy(), noisy());
    (a, b) = (t.a, t.b);
    look(&a);
    eat(b);
}
pub fn take_apart_late() -> String {
    let (a, b);
    (a, b) = (text(), noisy());
    look(&b);
    a
}
pub fn take_apart_some(f: Four) {
    let mut s = None;
    let n;
    Four { z: s, n, .. } = f;
    look(&f.x);
    eat(s);
    look(&f.z); //~ E0382
}
pub fn underscore_assignment(t: Two) {
    _ = t.a;
    _ = noisy();
    eat(t);
}
pub fn swapped(mut t: Two) -> Two {
    (t.a, t.b) = (t.b, t.a);
    t
}
pub fn parts_of_parts(f: Four) {
    eat(f.x.a);
    eat(f.y.b);
    if cond() { eat(f.x.b); }
    look(&f.y.a);
}
pub fn parts_of_parts_whole(f: Four) {
    eat(f.x.a);
    eat(f.y.b);
    eat(f.x); //~ E0382
}
pub fn parts_refilled(mut f: Four) -> Four {
    eat(f.x.a);
    eat(f.y.b);
    f.x.a = noisy();
    f.y.b = noisy();
    f
}
pub fn parts_refilled_by_half(mut f: Four) -> Four {
    eat(f.x);
    f.x.a = noisy(); //~ E0382
    f
}
pub fn box_part_then_new_box(mut f: Four) -> Four {
    eat(f.y.a);
    f.y = Box::new(Two { a: noisy(), b: noisy() });
    f
}
pub fn list_length(mut l: List) -> usize {
    let mut n = 0;
    while let List::Cons(_, rest) = l {
        l = *rest;
        n += 1;
    }
    n
}
pub fn list_first(l: List) -> Option<Noisy> {
    match l { List::Cons(n, _) => Some(n), List::Nil => None }
}
pub fn list_reversed(mut l: List) -> List {
    let mut done = List::Nil;
    loop {
        match l {
            List::Nil => return done,
            List::Cons(n, rest) => { done = List::Cons(n, Box::new(done)); l = *rest; }
        }
    }
}
pub fn list_forgets_to_go_on(l: List) {
    loop {
        match l {
            List::Nil => break,
            List::Cons(n, _) => eat(n), //~ E0382
        }
    }
}
pub fn links(mut first: Option<Box<Link>>) -> Vec<Noisy> {
    let mut all = Vec::new();
    while let Some(link) = first {
        all.push(link.value);
        first = link.next;
    }
    all
}
pub fn links_by_reference(first: &mut Option<Box<Link>>) {
    let mut at = first;
    while let Some(link) = at { at = &mut link.next; }
    *at = None;
}
pub fn link_moved_twice(l: Box<Link>) {
    eat(l.next);
    let Link { value, .. } = *l;
    eat(value);
    look(&l.next); //~ E0382
}
pub fn nested_enums(o: Outer) -> String {
    match o {
        Outer::In(Inner::A(s)) | Outer::Both(Inner::A(s), _) => s,
        Outer::In(Inner::B { t, .. }) => nested_enums(*t),
        Outer::Both(Inner::B { s, t }, u) if u.is_empty() => { eat(t); s }
        Outer::Both(_, u) => u,
        Outer::No => text(),
    }
}
pub fn nested_enum_left(o: Outer) {
    if let Outer::Both(Inner::A(s), _) = o { eat(s); }
    if let Outer::Both(_, u) = o { eat(u); } //~ E0382
}
pub fn loud_by_reference(l: Loud) -> usize {
    match &l { Loud::One(s) => s.len(), Loud::Two(a, b) => a.len() + b.len() }
}
pub fn loud_by_move(l: Loud) -> String {
    match l { //~ E0509
        Loud::One(s) => s,
        Loud::Two(a, _) => a,
    }
}
pub fn several_ways_in(a: Option<Noisy>, b: Result<Noisy, Noisy>) -> Noisy {
    if let Some(n) = a { n } else if let Ok(n) = b { n } else if let Err(n) = b { n } else { noisy() }
}
pub fn tuple_match(a: Option<Noisy>, b: Option<Noisy>) -> Option<Noisy> {
    match (a, b) {
        (Some(x), None) | (None, Some(x)) => Some(x),
        (Some(x), Some(y)) => { if cond() { Some(x) } else { Some(y) } }
        (None, None) => None,
    }
}
pub fn tuple_match_then_use(a: Option<Noisy>, n: i32) {
    match (a, n) { (Some(_), 3) => {} _ => {} }
    look(&a); //~ E0382
}
pub fn ref_mut_pattern(mut o: Option<Noisy>) -> Option<Noisy> {
    if let Some(ref mut n) = o { edit(n); }
    if let Some(n) = &mut o { edit(n); }
    o
}
pub fn captured_parts(mut f: Four) {
    let g = || { eat(f.x.a); look(&f.y.a); };
    look(&f.x.b);
    g();
    look(&f.y);
}
pub fn captured_part_used(f: Four) {
    let g = || eat(f.x.a);
    look(&f.x); //~ E0382
    g();
}
pub fn captured_three(f: Four) {
    let g = || { eat(f.x.a); eat(f.z); look(&f.y.a); };
    look(&f.x.b);
    look(&f.y);
    look(&f.z); //~ E0382
    g();
}
pub fn captured_twice(t: Two) {
    let g = move || look(&t.a);
    let h = || eat(t.b);
    g();
    h();
}
pub fn captured_in_captured(t: Two) {
    let g = || { let h = || eat(t.a); h(); };
    g();
    look(&t.b);
    look(&t.a); //~ E0382
}
pub fn captured_and_dropped(t: Noisy) -> usize {
    let g = move || t.0.len();
    if cond() { drop(g); return 0; }
    g() + g()
}
pub fn captured_by_unique(mut t: Two) {
    let mut g = || { t.a = noisy(); };
    g();
    g();
    eat(t.b);
}
pub fn holder(h: Holder<'_>) -> String {
    *h.r = Some(noisy());
    let old = h.r.take();
    if cond() { eat(old); }
    h.own
}
pub fn holder_out(h: Holder<'_>) {
    let n = *h.r; //~ E0507
}
pub fn generic_instance(g: Gen<String>) -> usize {
    let Gen { items, last } = g;
    if let Some(s) = last { return s.len(); }
    items.len()
}
pub fn generic_methods() -> Option<Vec<u8>> { Gen::<Vec<u8>>::new().last() }
pub fn generic_numbers(g: Gen<u8>) -> u8 {
    let a = g.last;
    let b = g.last;
    eat(g.items);
    a.or(b).unwrap_or_default()
}
pub fn breaks_with_owner(v: Vec<Option<Noisy>>) -> Option<Noisy> {
    let found = 'search: {
        for o in v {
            let Some(n) = o else { continue };
            if n.0.is_empty() { break 'search Some(n); }
        }
        None
    };
    found
}
pub fn questions_in_loop(v: Vec<Result<Noisy, String>>) -> Result<Vec<Noisy>, String> {
    let mut all = Vec::new();
    for r in v { all.push(r?); }
    Ok(all)
}
pub fn early_with_many(a: Noisy, b: Noisy) -> Option<Two> {
    let c = maybe()?;
    let d = if cond() { maybe()? } else { b };
    if cond() { return Some(Two { a: c, b: a }); }
    Some(Two { a: d, b: maybe()? })
}
pub fn struct_half_made(n: Noisy) -> Two { Two { a: n, b: { if cond() { return Two { a: noisy(), b: noisy() }; } noisy() } } }
pub fn array_half_made() -> [Noisy; 3] { [noisy(), { if cond() { panic!(); } noisy() }, maybe().unwrap()] }
pub fn both_arms_then_new(mut s: String) -> String {
    if cond() { eat(s); } else { drop(s); }
    s = text();
    s
}
pub fn arm_without(mut s: String) -> String {
    match cond() { true => eat(s), false => {} }
    s //~ E0382
}
pub fn inner_function(s: String) -> String {
    fn inner(s: String) -> String { let t = s; t }
    static COUNT: usize = 0;
    const NONE: Option<String> = None;
    let n = NONE;
    if n.is_some() { return s; }
    inner(s)
}
pub fn chars(s: String) -> String { s.chars().rev().filter(|c| c.is_alphabetic()).collect() }
pub fn sorted(mut v: Vec<Noisy>) -> Vec<String> {
    v.sort_by(|a, b| a.0.cmp(&b.0));
    v.iter().map(|n| n.0.clone()).collect()
}
pub fn counted(words: Vec<String>) -> BTreeMap<String, usize> {
    let mut m = BTreeMap::new();
    for w in words { *m.entry(w).or_insert(0) += 1; }
    m
}
pub fn operand_order(mut s: String) -> usize { s.len() + { s = text(); eat(s); 1 } }
pub fn index_after_move(v: Vec<usize>, i: usize) -> usize { v[{ eat(v); i }] } //~ E0505
pub fn compound(mut v: Vec<i32>, i: usize) { v[i] += { let w = v.len() as i32; w }; eat(v); }
pub fn boxed_list(b: Box<List>) -> Box<List> {
    match *b { List::Cons(n, rest) => { eat(n); rest } List::Nil => b }
}
pub fn boxed_array(b: Box<[Noisy; 2]>) -> Noisy { let [x, _] = *b; x }
pub fn moved_into_pattern_guard(a: Noisy, o: Option<i32>) {
    match o {
        Some(n) if { look(&a); n > 3 } => eat(a),
        Some(_) => {}
        None => eat(a),
    }
}
pub fn never_comes_back(a: Noisy) -> i32 {
    let x: i32 = if cond() { eat(a); return 1 } else { 2 };
    look(&a);
    x
}
pub fn loop_without_end(a: Noisy) -> ! { loop { look(&a); } }
pub fn main() {}
