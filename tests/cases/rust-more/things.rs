// Moves and drops of closures, boxes, containers, trait objects, generic types and constants.
#![allow(unused, dead_code)]
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::fmt::Display;

pub struct Noisy(String);
impl Drop for Noisy { fn drop(&mut self) {} }
pub struct Wrap<T> { inner: T, n: i32 }
pub struct Pair<A, B>(A, B);
impl<T> Drop for Guarded<T> { fn drop(&mut self) {} }
pub struct Guarded<T> { value: T }
pub trait Shape { fn area(&self) -> i32; fn consume(self: Box<Self>) -> String; fn by_value(self) -> i32 where Self: Sized { 0 } }
impl Shape for Noisy { fn area(&self) -> i32 { 0 } fn consume(self: Box<Self>) -> String { self.0.clone() } }
pub struct Sized1 { s: String }
impl Sized1 { fn into(self) -> String { self.s } fn new() -> Self { Sized1 { s: String::new() } } fn get(&self) -> &str { &self.s } }
#[derive(Clone, Copy)] pub struct Plain { a: i32, b: (u8, bool) }
#[derive(Clone)] pub struct Deep { p: Plain, s: String }
static NAME: &str = "x";
static PLAIN: Plain = Plain { a: 1, b: (2, true) };
const EMPTY: Vec<String> = Vec::new();
const MAYBE: Option<String> = None;
static GREETING: Option<String> = None;
fn eat<T>(_: T) {}
fn look<T>(_: &T) {}
fn cond() -> bool { false }
fn text() -> String { String::new() }
fn noisy() -> Noisy { Noisy(String::new()) }
fn call<F: FnOnce() -> R, R>(f: F) -> R { f() }
fn call_mut<F: FnMut()>(mut f: F) { f(); f(); }

pub fn closure_by_move(s: String) {
    let f = move || s.len();
    look(&f());
    look(&s); //~ E0382
}
pub fn closure_by_ref(s: String) {
    let f = || s.len();
    look(&f());
    eat(s);
}
pub fn closure_consumes(s: String) {
    let f = || eat(s);
    f();
    f(); //~ E0382
}
pub fn closure_part(w: Wrap<String>) {
    let f = || eat(w.inner);
    look(&w.n);
    f();
}
pub fn closure_part_then_whole(w: Wrap<String>) {
    let f = || eat(w.inner);
    look(&w); //~ E0382
    f();
}
pub fn closure_fn_mut(s: String) {
    let f = || { let t = s; };
    call_mut(|| { look(&1); });
    f();
}
pub fn out_of_captured(s: String) {
    let f = || { let g = || s; };
    let h = move || -> usize { 0 };
    look(&h());
}
pub fn closure_in_loop(s: String) {
    for _ in 0..2 {
        call(|| eat(s)); //~ E0382
    }
}
pub fn closure_returned(s: String) -> impl FnOnce() -> String {
    move || s
}
pub fn closure_boxed(s: Noisy) -> Box<dyn Fn() -> usize> {
    Box::new(move || s.0.len())
}
pub fn closure_uses_hidden(s: String) -> usize {
    let f = closure_returned(s);
    if cond() { return 0; }
    f().len()
}
pub fn hidden_number() -> impl Display { 5 }
pub fn hidden_text() -> impl Display { String::new() }
pub fn hidden_both() {
    let a = hidden_number();
    let b = hidden_text();
    if cond() { eat(b); }
    look(&a);
}
pub fn iterators(v: Vec<Noisy>) -> Vec<usize> {
    v.into_iter().map(|n| n.0.len()).filter(|n| *n > 1).collect()
}
pub fn iterator_kept(v: Vec<Noisy>) {
    let mut it = v.into_iter();
    while let Some(n) = it.next() { if cond() { break; } }
    look(&it.len());
}
pub fn generic_wrap(w: Wrap<Noisy>) -> Noisy {
    look(&w.n);
    w.inner
}
pub fn generic_guarded(g: Guarded<String>) -> String {
    g.value //~ E0509
}
pub fn generic_pair(p: Pair<String, Box<Noisy>>) -> String {
    let Pair(a, b) = p;
    eat(*b);
    a
}
pub fn generic_nested(w: Wrap<Option<Pair<String, Vec<Noisy>>>>) {
    if let Some(Pair(s, v)) = w.inner {
        if cond() { eat(v); }
        look(&s);
    }
}
pub fn trait_object(b: Box<dyn Shape>) -> String {
    if b.area() > 3 { return text(); }
    b.consume()
}
pub fn trait_object_twice(b: Box<dyn Shape>) {
    eat(b.consume());
    look(&b.area()); //~ E0382
}
pub fn trait_objects(v: Vec<Box<dyn Shape>>) {
    for b in v { if cond() { eat(b.consume()); } }
}
pub fn method_chain() -> String { Sized1::new().into() }
pub fn method_moves(s: Sized1) {
    look(&s.get());
    eat(s.into());
    look(&s.get()); //~ E0382
}
pub fn self_by_value(n: Noisy) {
    eat(n.by_value());
    eat(n.area()); //~ E0382
}
pub fn out_of_rc(r: Rc<Sized1>) -> String {
    r.s //~ E0507
}
pub fn out_of_refcell(r: RefCell<Sized1>) -> String {
    r.borrow().s //~ E0507
}
pub fn out_of_vec(v: Vec<String>) -> String {
    v[0] //~ E0507
}
pub fn swap_remove(mut v: Vec<Noisy>) -> Noisy { v.swap_remove(0) }
pub fn out_of_static() {
    let g = GREETING; //~ E0507
}
pub fn copies_of_static() -> i32 {
    let p = PLAIN;
    p.a + PLAIN.a
}
pub fn const_each_time() {
    let mut a = EMPTY;
    a.push(text());
    let b = EMPTY;
    eat(a);
    eat(b);
    eat(MAYBE);
    eat(MAYBE);
}
pub fn plain_copies(p: Plain) -> i32 {
    let q = p;
    let f = move || p.a;
    eat(p);
    p.a + q.a + f()
}
pub fn deep_clone(d: Deep) -> Deep {
    let e = d.clone();
    eat(d.s);
    look(&d.p);
    e
}
pub fn boxed_twice(b: Box<Box<Noisy>>) {
    let inner = *b;
    if cond() { let n = *inner; eat(n); }
}
pub fn boxed_conditionally(b: Box<Noisy>) {
    if cond() { eat(*b); }
}
pub fn boxed_and_refilled(mut b: Box<String>) -> Box<String> {
    eat(*b);
    *b = text();
    b
}
pub fn boxed_moved_content(b: Box<String>) {
    eat(*b);
    look(&b); //~ E0382
}
pub fn take_and_replace(mut o: Option<Noisy>) {
    let t = o.take();
    let u = std::mem::replace(&mut o, Some(noisy()));
    if cond() { eat(u); }
    eat(t);
}
pub fn vectors(n: Noisy) -> Vec<Noisy> {
    let mut v = vec![n, noisy()];
    if cond() { v.push(noisy()); }
    v
}
pub fn vector_of_moved(s: String) -> Vec<String> {
    let v = vec![s, text()];
    look(&s); //~ E0382
    v
}
pub fn arrays(n: Noisy) -> [Noisy; 2] { [n, noisy()] }
pub fn array_of_none() { let a: [Option<String>; 3] = [const { None }; 3]; let b = a; look(&b); }
pub fn tuples(a: (Noisy, Noisy)) -> (Noisy, Noisy) { (a.1, a.0) }
pub fn strings(a: String, b: String) -> String { let c = a + &b; look(&b); c }
pub fn formatted(a: String) -> String { let s = format!("{a} {}", a.len()); eat(a); s }
pub fn printed(a: Noisy) { println!("{}", a.0); eat(a); }
pub fn asserted(a: Noisy) { assert!(a.0.is_empty(), "no: {}", a.0); assert_eq!(a.0.len(), 0); eat(a); }
pub fn cells(c: Cell<i32>, r: RefCell<Noisy>) { c.set(1); *r.borrow_mut() = noisy(); eat(r); }
pub unsafe fn raw(p: *mut Noisy, q: *const String) {
    *p = noisy();
    let n = std::ptr::read(p);
    let s = *q; //~ E0507
}
pub union Bits { a: u32, b: std::mem::ManuallyDrop<String> }
pub unsafe fn unions(mut u: Bits) {
    u.a = 3;
    let x = u.a;
    u.b = std::mem::ManuallyDrop::new(text());
    let t = u.b;
    look(&u.a); //~ E0382
}
pub fn manual(n: Noisy) { let m = std::mem::ManuallyDrop::new(n); look(&m.0); }
pub fn forgotten(n: Noisy) { std::mem::forget(n); }
pub fn uninit() { let mut m = std::mem::MaybeUninit::<Noisy>::uninit(); m.write(noisy()); }
pub fn results(r: Result<Noisy, Box<dyn std::error::Error>>) -> Option<Noisy> {
    match r { Ok(n) => Some(n), Err(e) => { look(&e.to_string()); None } }
}
pub fn main() {}
