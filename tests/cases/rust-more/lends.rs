// Borrows that last: through structs, closures, iterators, loops, slices, trait objects and calls that hand references on.
#![allow(unused, dead_code)]
use std::cell::{Cell, RefCell, Ref};
use std::collections::HashMap;

pub struct Two { a: String, b: String }
pub struct View<'a> { s: &'a str, n: usize }
pub struct Edit<'a> { s: &'a mut String }
impl Drop for Edit<'_> { fn drop(&mut self) {} }
pub struct Cursor<'a, 'b> { v: &'a mut Vec<&'b str>, at: usize }
pub trait Visit { fn visit(&mut self, s: &str); fn name(&self) -> &str; }
pub struct Node { next: Option<Box<Node>>, n: i32 }
impl<'a> View<'a> {
    fn new(s: &'a str) -> Self { View { s, n: 0 } }
    fn get(&self) -> &'a str { self.s }
    fn own(&self) -> &str { self.s }
    fn step(&mut self) -> &mut usize { &mut self.n }
}
fn eat<T>(_: T) {}
fn look<T: ?Sized>(_: &T) {}
fn edit<T: ?Sized>(_: &mut T) {}
fn cond() -> bool { false }
fn text() -> String { String::new() }
fn longer<'a>(a: &'a str, b: &'a str) -> &'a str { if a.len() > b.len() { a } else { b } }
fn first<'a, 'b>(a: &'a str, _: &'b str) -> &'a str { a }

pub fn moved_while_lent(s: String) {
    let r = &s;
    eat(s); //~ E0505
    look(r);
}
pub fn moved_after_use(s: String) {
    let r = &s;
    look(r);
    eat(s);
}
pub fn assigned_while_lent(mut s: String) {
    let r = &s;
    s = text(); //~ E0506
    look(r);
}
pub fn both_fields(mut t: Two) {
    let a = &mut t.a;
    let b = &mut t.b;
    edit(a);
    edit(b);
}
pub fn field_and_whole(mut t: Two) {
    let a = &mut t.a;
    edit(&mut t); //~ E0499
    edit(a);
}
pub fn view_kept(s: String) -> usize {
    let v = View::new(&s);
    let g = v.get();
    drop(v);
    g.len()
}
pub fn view_of_own(s: String) -> usize {
    let v = View::new(&s);
    let g = v.own();
    eat(v); //~ E0505
    g.len()
}
pub fn view_of_own_moved(s: String) {
    let mut v = View::new(&s);
    let g = v.step();
    eat(v); //~ E0505
    *g += 1;
}
pub fn destructor_uses(mut s: String) {
    let e = Edit { s: &mut s };
    look(&s); //~ E0502
}
pub fn destructor_in_block(mut s: String) {
    { let e = Edit { s: &mut s }; look(&e.s.len()); }
    look(&s);
}
pub fn dropped_by_hand(mut s: String) {
    let e = Edit { s: &mut s };
    drop(e);
    look(&s);
}
pub fn too_short() -> usize {
    let r;
    { let s = text(); r = &s; } //~ E0597
    r.len()
}
pub fn temporary() -> usize {
    let r = text().as_str(); //~ E0716
    r.len()
}
pub fn returned_local<'a>() -> &'a str {
    let s = text();
    &s //~ E0515
}
pub fn returned_wrong<'a, 'b>(a: &'a str, b: &'b str) -> &'b str {
    if cond() { return a; } //~ lifetime
    b
}
pub fn returned_first<'a>(a: &'a str) -> &'a str {
    let s = text();
    first(a, &s)
}
pub fn returned_longer<'a>(a: &'a str) -> &'a str {
    let s = text();
    longer(a, &s) //~ E0515
}
pub fn pushed_short(mut v: Vec<&str>) {
    let s = text();
    v.push(&s); //~ E0597
}
pub fn pushed_used() {
    let mut v = Vec::new();
    { let s = text(); v.push(s.as_str()); look(&v); }
}
pub fn pushed_used_late() {
    let mut v = Vec::new();
    { let s = text(); v.push(s.as_str()); } //~ E0597
    look(&v);
}
pub fn iterated_and_changed(mut v: Vec<String>) {
    for s in &v { if s.is_empty() { v.push(text()); } } //~ E0502
}
pub fn iterated_mut(mut v: Vec<String>) {
    for s in &mut v { s.push('x'); }
    for s in v.iter_mut().rev() { edit(s); }
    look(&v);
}
pub fn indexed(mut v: Vec<String>) {
    let a = &v[0];
    let b = &v[1];
    look(a);
    look(b);
    let c = &mut v[0];
    let n = v.len(); //~ E0502
    edit(c);
}
pub fn two_phase(mut v: Vec<usize>) {
    v.push(v.len());
    let l = v.len();
    v[l - 1] += v.len();
}
pub fn split(v: &mut [String]) {
    let (a, b) = v.split_at_mut(1);
    std::mem::swap(&mut a[0], &mut b[0]);
}
pub fn slice_ends(v: &mut [String]) {
    if let [a, .., b] = v { std::mem::swap(a, b); }
    if let [a, rest @ ..] = v { edit(a); edit(rest); }
}
pub fn arrays(mut v: [String; 3]) {
    let [a, b, _] = &mut v;
    std::mem::swap(a, b);
    let c = &mut v[2];
    let d = &mut v[0]; //~ E0499
    edit(c);
}
pub fn closure_holds(mut s: String) {
    let mut f = || s.push('x');
    f();
    look(&s); //~ E0502
    f();
}
pub fn closure_is_done(mut s: String) {
    let mut f = || s.push('x');
    f();
    look(&s);
}
pub fn closure_returns(s: &str) -> impl Fn() -> usize + '_ { move || s.len() }
pub fn closure_of_local() -> Box<dyn Fn() -> usize> {
    let s = text();
    Box::new(|| s.len()) //~ E0373
}
pub fn closure_fields(mut t: Two) {
    let f = || look(&t.a);
    edit(&mut t.b);
    f();
}
pub fn conditional_return<'a>(m: &'a mut HashMap<i32, String>, k: i32) -> &'a mut String {
    if let Some(s) = m.get_mut(&k) { return s; }
    m.insert(k, text());
    m.get_mut(&k).unwrap()
}
pub fn list_end(mut n: &mut Node) -> &mut Node {
    while n.next.is_some() { n = n.next.as_mut().unwrap(); }
    n
}
pub fn list_append(n: &mut Node) {
    let mut at = n;
    loop {
        match at.next {
            Some(ref mut next) => at = next,
            None => { at.next = None; return; }
        }
    }
}
pub fn list_twice(n: &mut Node) {
    let a = &mut *n;
    let b = &mut *n; //~ E0499
    a.n = b.n;
}
pub fn reborrowed(s: &mut String) -> usize {
    let r = &mut *s;
    edit(r);
    edit(s);
    s.len()
}
pub fn reborrowed_in_call(s: &mut String) { edit(s); edit(s); }
pub fn moved_reference(s: &mut String) {
    let r = s;
    edit(r);
    edit(s); //~ E0382
}
pub fn kept_in_struct<'a>(c: &mut Cursor<'_, 'a>, s: &'a str) { c.v.push(s); c.at += 1; }
pub fn kept_in_struct_short(c: &mut Cursor<'_, '_>, s: &str) { c.v.push(s); } //~ lifetime
pub fn trait_object(v: &mut dyn Visit) {
    let n = v.name().len();
    v.visit("a");
    let m = v.name();
    v.visit("b"); //~ E0502
    look(m);
}
pub fn cells(c: &RefCell<String>) -> usize {
    let r = c.borrow();
    let n = r.len();
    drop(r);
    c.borrow_mut().push('x');
    n
}
pub fn guard_returned(c: &RefCell<Two>) -> Ref<'_, String> { Ref::map(c.borrow(), |t| &t.a) }
pub fn cell_at_end(c: RefCell<String>) -> usize {
    c.borrow().len()
}
pub fn in_loop(mut s: String) {
    let mut r: Option<&mut String> = None;
    while cond() {
        if let Some(p) = r { edit(p); }
        r = Some(&mut s);
    }
}
pub fn in_loop_kept(mut s: String) {
    let mut all = Vec::new();
    while cond() { all.push(&mut s); } //~ E0499
}
pub fn swapped_references(a: String, mut b: String) {
    let mut r = &a;
    look(r);
    r = &b;
    look(r);
    eat(a);
    look(r);
    b = text();
}
pub fn matched(o: &mut Option<String>) -> usize {
    match o {
        Some(s) if s.is_empty() => { *o = None; 0 }
        Some(s) => s.len(),
        None => { *o = Some(text()); 1 }
    }
}
pub fn matched_and_kept(o: &mut Option<String>) {
    match o {
        Some(s) => { *o = None; look(s); } //~ E0506
        None => {}
    }
}
pub fn static_wanted(s: &str) -> &'static str { s } //~ lifetime
pub fn static_given() -> &'static str { const T: &str = "x"; T }
pub fn promoted() -> &'static i32 { &3 }
pub fn thread(s: String) {
    std::thread::spawn(|| look(&s)); //~ E0373
}
pub fn scoped(mut s: String) {
    std::thread::scope(|t| { t.spawn(|| edit(&mut s)); });
    look(&s);
}
pub fn main() {}
