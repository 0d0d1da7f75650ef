"""The named pipelines, each one readable list."""

from __future__ import annotations

PIPELINES: dict[str, list[str]] = {
    "O0": ["insert-checks", "schedule-drops", "elaborate-drops"],
    "O1": ["insert-checks", "schedule-drops", "elaborate-drops"],
    "O2": ["insert-checks", "schedule-drops", "elaborate-drops"],
    "O3": ["insert-checks", "schedule-drops", "elaborate-drops"],
}
