// Moves and drops through control: loops, labels, early ways out, shadowing.
#![allow(unused, dead_code)]

pub struct Noisy(String);
impl Drop for Noisy { fn drop(&mut self) {} }
pub struct Two { a: Noisy, b: Noisy }
fn eat<T>(_: T) {}
fn look<T>(_: &T) {}
fn cond() -> bool { false }
fn text() -> String { String::new() }
fn noisy() -> Noisy { Noisy(String::new()) }
fn fails() -> Result<Noisy, String> { Err(String::new()) }
fn never() -> ! { panic!() }

pub fn labelled(x: String) {
    'outer: loop {
        loop {
            if cond() { continue 'outer; }
            if cond() { break 'outer; }
            break;
        }
    }
    eat(x);
}
pub fn labelled_move(x: String) {
    'outer: loop {
        loop {
            if cond() { eat(x); continue 'outer; } //~ E0382
            break 'outer;
        }
    }
}
pub fn labelled_move_then_break(x: String) {
    'outer: loop {
        loop {
            if cond() { eat(x); break 'outer; }
            if cond() { break; }
        }
    }
}
pub fn block_with_value(x: String) -> String {
    let r = 'a: {
        if cond() { break 'a x; }
        let y = text();
        if cond() { break 'a y; }
        text()
    };
    r
}
pub fn block_use_after(x: String) {
    let r = 'a: {
        if cond() { break 'a x; }
        text()
    };
    look(&x); //~ E0382
}
pub fn loop_value(mut o: Option<String>) -> String {
    loop {
        if let Some(s) = o { break s; }
        o = Some(text());
    }
}
pub fn refill_in_loop() {
    let mut s = text();
    for _ in 0..3 {
        eat(s);
        s = text();
    }
    eat(s);
}
pub fn refill_on_one_way() {
    let mut s = text();
    for _ in 0..3 {
        eat(s); //~ E0382
        if cond() { s = text(); }
    }
}
pub fn question(x: Noisy) -> Result<Noisy, String> {
    let a = fails()?;
    let b = fails()?;
    if cond() { return Ok(a); }
    look(&x);
    Ok(b)
}
pub fn question_with_moved(x: Noisy) -> Result<(), String> {
    eat(x);
    let y = fails()?;
    eat(y);
    fails()?;
    Ok(())
}
pub fn option_question(o: Option<Noisy>) -> Option<usize> {
    let n = o?;
    Some(n.0.len())
}
pub fn shadow(x: String) -> String {
    let x = x + "a";
    let y = x;
    let x = 5;
    look(&x);
    let x = y;
    x
}
pub fn shadow_wrong(x: String) {
    let y = x;
    { let x = text(); look(&x); }
    look(&x); //~ E0382
}
pub fn late_init() -> String {
    let s;
    if cond() { s = text(); } else { s = String::from("a"); }
    s
}
pub fn late_init_missing() {
    let s: String;
    if cond() { s = text(); }
    look(&s); //~ E0381
}
pub fn late_init_diverging() {
    let s: String;
    if cond() { s = text(); } else { never(); }
    look(&s);
}
pub fn late_init_loop() {
    let s: String;
    loop {
        if cond() { s = text(); break; }
    }
    look(&s);
}
pub fn late_init_never_dropped() {
    let s: Noisy;
    if cond() { return; }
    s = noisy();
}
pub fn partly_moved_then_return(t: Box<Two>) {
    if cond() { eat(t.a); return; }
    if cond() { eat(t.b); return; }
    eat(t);
}
pub fn partly_moved_on_ways(t: Two) {
    if cond() { eat(t.a); } else if cond() { eat(t.b); }
}
pub fn partly_moved_and_refilled(mut t: Two) {
    eat(t.a);
    if cond() { t.a = noisy(); look(&t); }
}
pub fn partly_use(mut t: Two) {
    eat(t.a);
    if cond() { t.a = noisy(); }
    look(&t.b);
    look(&t); //~ E0382
}
pub fn conditional_both(a: Noisy, b: Noisy) {
    let c = cond();
    if c { eat(a); }
    if !c { eat(b); }
}
pub fn nested_conditional(a: Noisy) {
    if cond() {
        if cond() { eat(a); } else { look(&a); }
    }
}
pub fn match_never(o: Option<Noisy>) -> Noisy {
    match o {
        Some(n) => n,
        None => never(),
    }
}
pub fn unwrap_or_panic(o: Option<Noisy>) -> Noisy {
    if cond() { panic!("no"); }
    o.unwrap()
}
pub fn assign_over(mut a: Noisy) -> Noisy {
    a = noisy();
    if cond() { a = noisy(); }
    a
}
pub fn assign_from_part(mut t: Two) -> Two {
    t.a = t.b;
    t.b = noisy();
    t
}
pub fn assign_self(mut s: String) -> String {
    s = s;
    s = s + "x";
    s
}
pub fn assign_moved_in_cond(mut s: String) {
    while { eat(s); cond() } {
        s = text();
    }
}
pub fn cond_moves(s: String) {
    while { eat(s); cond() } {} //~ E0382
}
pub fn and_or(s: String, t: String) -> bool {
    (cond() && { eat(s); true }) || { eat(t); false }
}
pub fn and_then_use(s: String) -> usize {
    if cond() && { eat(s); true } { return 0; }
    s.len() //~ E0382
}
pub fn temporaries() -> usize {
    let n = noisy().0.len() + { let t = noisy(); t.0.len() };
    match noisy().0.len() { 0 => 1, k => k + n }
}
pub fn temporary_in_condition() {
    if noisy().0.is_empty() { eat(noisy()); }
    while noisy().0.is_empty() { eat(noisy()); }
}
pub fn extended() {
    let r = &noisy();
    let t = (&text(), noisy());
    look(r);
    look(&t);
}
pub fn underscore(t: Two) {
    let _ = t;
    let _ = noisy();
    let _x = noisy();
    eat(t);
}
pub fn underscore_field(t: Two) {
    let Two { a: _, b } = t;
    eat(t.a);
}
pub fn arguments_in_order(s: String, t: Noisy) {
    fn three(a: String, b: Noisy, c: Result<Noisy, String>) {}
    three(s, t, fails());
}
pub fn argument_twice(s: String) {
    fn two(a: String, b: String) {}
    two(s, s); //~ E0382
}
pub fn main() {}
