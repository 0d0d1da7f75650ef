"""``python -m bench.kernels FOLDER [NAME...]``: writes kernels as ``NAME.air``, ``NAME.c`` and ``NAME.rs``."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.kernels import air_of, c_of, kernel, names, others, rust_of


def main() -> int:
    if len(sys.argv) < 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or [*names(), *others()]:
        each = kernel(name)
        for suffix, text in (("air", air_of(each)), ("c", c_of(each)), ("rs", rust_of(each))):
            (folder / f"{name}.{suffix}").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
