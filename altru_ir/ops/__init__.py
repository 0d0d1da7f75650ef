"""Our operations, declared family by family; importing this package declares them all."""

from altru_ir.ops import aggregates, arith, checks, control, enums, globals, ownership, places, slices  # noqa: F401
