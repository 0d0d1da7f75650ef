"""What each operation does, family by family; importing this package registers them all."""

from altru_ir.backend.interpreter.meanings import (  # noqa: F401
    aggregates,
    collected,
    concurrency,
    control,
    homes,
    owners,
    places,
    raw,
    scalars,
)
