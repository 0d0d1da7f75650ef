"""A Rust program of long functions that borrow: loops, matches, closures, reborrows, references that are replaced, references
that outlive the function. rustc accepts it, and writes a directory of facts for each function (``-Znll-facts``).

Example: ``facts(program(functions=2, size=40), scratch)`` are the directories.

Invariant: a seed gives one text.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

_HEADER = """#![allow(unused)]
use std::collections::HashMap;
pub struct Node { pub name: String, pub next: Option<Box<Node>>, pub items: Vec<i64>, pub pair: (i64, i64) }
pub enum Shape<'a> { Round(&'a i64), Flat(&'a mut i64, i64), Named(String), Nothing }
pub fn pick<'a>(a: &'a i64, b: &'a i64) -> &'a i64 { if *a < *b { a } else { b } }
pub fn first<'a>(a: &'a mut Vec<i64>, b: &i64) -> Option<&'a mut i64> { a.push(*b); a.first_mut() }
pub fn label(node: &Node) -> &str { &node.name }
impl Node {
    pub fn tail(&mut self) -> &mut Node {
        let mut at = self;
        while at.next.is_some() { at = at.next.as_mut().unwrap(); }
        at
    }
    pub fn item(&mut self, at: usize) -> Option<&mut i64> { self.items.get_mut(at) }
}
"""

_PIECES = [
    "let r = &mut node.items; r.push({k}); let l{i} = r.len() as i64; total += l{i};",
    "for x in node.items.iter_mut() {{ *x += {k}; if *x > total {{ total = *x; break; }} }}",
    "match node.item({k}) {{ Some(slot) => {{ *slot += 1; total += *slot; }} None => {{ node.items.push({k}); }} }}",
    "let s = match map.get(&{k}) {{ Some(t) => t.clone(), None => {{ map.insert({k}, String::new()); String::new() }} }};",
    "let a{i} = total; let b{i} = {k}i64; let p{i} = pick(&a{i}, &b{i}); total += *p{i};",
    "if let Some(slot) = first(&mut node.items, &total) {{ *slot = {k}; }}",
    "let (l, r) = (&mut node.pair.0, &mut node.pair.1); std::mem::swap(l, r); *l += {k}; total += *r;",
    "{{ let t = node.tail(); t.items.push({k}); t.name.push('x'); total += t.items.len() as i64; }}",
    "let mut at = &*node; while let Some(next) = &at.next {{ at = next; total += at.items.len() as i64; }}",
    "let mut s = if total > {k} {{ Shape::Flat(&mut other, {k}) }} else {{ Shape::Named(label(node).to_string()) }};\n"
    "    match &mut s {{ Shape::Flat(x, y) => {{ **x += *y; }} Shape::Named(n) => n.push('y'), _ => {{}} }}",
    "best = if *best > {k} {{ best }} else {{ keep.get({k}).unwrap_or(best) }}; total += *best;",
    "let f = |x: i64| x + node.pair.0 + {k}; total += f(total);",
    "let w: Vec<&i64> = keep.iter().filter(|x| **x > {k}).collect(); if let Some(x) = w.last() {{ best = x; }}",
]


def program(functions: int, size: int, seed: int = 0) -> str:
    """A program of so many functions, each of about ``size`` pieces."""
    choose = random.Random(seed)
    out = [_HEADER]
    for number in range(functions):
        out.append(f"pub fn f{number}<'a>(node: &mut Node, map: &mut HashMap<usize, String>, keep: &'a Vec<i64>,")
        out.append("    mut best: &'a i64) -> &'a i64 {\n    let mut total: i64 = 0; let mut other: i64 = 1;")
        depth = 0
        for i in range(choose.randint(size // 4, 2 * size)):
            if depth < 3 and choose.random() < 0.08:
                out.append(f"    while total < {choose.randrange(1000)} {{ total += 1;")
                depth += 1
            out.append("    " + choose.choice(_PIECES).format(i=i, k=choose.randrange(9)))
            if depth and choose.random() < 0.12:
                out.append("    }")
                depth -= 1
        out.append("    }" * depth + "\n    if total > other { best } else { keep.first().unwrap_or(best) }\n}")
    return "\n".join(out)


def facts(text: str, scratch: Path) -> list[Path] | None:
    """The fact directories of a program, made by rustc in ``scratch``; None where there is no rustc that makes them.

    Raises ``RuntimeError`` when rustc refuses the program.
    """
    rustc = shutil.which("rustc")
    if rustc is None:
        return None
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    (scratch / "program.rs").write_text(text)
    options = ["--edition=2021", "--crate-type=lib", "--emit=metadata", "-Znll-facts", "-Znll-facts-dir=facts"]
    done = subprocess.run([rustc, *options, "program.rs"], cwd=scratch, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"rustc: {done.stderr[-500:]}")
    return sorted(path.parent for path in (scratch / "facts").rglob("cfg_edge.facts"))
