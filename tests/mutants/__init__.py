"""Planted defects: whether our own tests would notice if a clause were wrong.

    python -m tests.mutants moves_and_drops                  # for each defect, what notices it
    python -m tests.mutants passes --again --search 400      # look for the first seed that does

``planting`` replaces one expression of the project's source for the time of a block. A file of definitions for each area says
which; the test files beside them, and those of the areas, hold that each is noticed. ``searching`` remembers which generated
program notices a defect alone.
"""

from __future__ import annotations

AREAS = ("moves_and_drops", "loans", "passes")
"""Those with generated programs; ``interpreter`` and ``loan_solver`` name what notices each of theirs."""
