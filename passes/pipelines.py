"""The named pipelines, each one readable list."""

from __future__ import annotations

PIPELINES: dict[str, list[str]] = {
    "O0": ["insert-checks"],
    "O1": ["insert-checks"],
    "O2": ["insert-checks"],
    "O3": ["insert-checks"],
}
