"""A program that several tests call: the sum of a slice of ``f64``."""

from __future__ import annotations


def sum_of(name: str) -> str:
    """The text of ``func @name(%xs: ref<[? x f64]>) -> f64``."""
    return f"""func @{name}(%xs: ref<[? x f64]>) -> f64 {{
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %none = const 0.0 : f64
  br ^loop(%zero, %none)
^loop(%i: usize, %acc: f64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  %next = fadd %acc, %x
  %one = const 1 : usize
  %j = add %i, %one
  br ^loop(%j, %next)
^done:
  ret %acc
}}
"""
