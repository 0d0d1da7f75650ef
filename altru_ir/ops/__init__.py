"""Our operations, declared family by family; importing this package declares them all."""

from altru_ir.ops import (  # noqa: F401
    aggregates,
    arith,
    checks,
    collected,
    concurrency,
    control,
    enums,
    globals,
    homes,
    ownership,
    places,
    raw,
    slices,
)  # isort: skip
