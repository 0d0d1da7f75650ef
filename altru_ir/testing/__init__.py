"""Tools for testing: programs that are well formed and have a meaning of their own, and a reducer of those that fail.

``whole_language`` and ``generator`` make programs from a seed, ``programs`` makes them for hypothesis, ``reduce`` makes small
what shows a defect. docs/testing.md has the whole.
"""

from altru_ir.testing.strategies import programs

__all__ = ["programs"]
