"""Proofs: what a pass leaves behind that takes a check away, and who reads it."""
