"""``python -m bench list | run [NAME...] [--quick] [--json FILE] | compare A.json B.json``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import attrs

from altru_ir.backend.cli.streams import abandon_output
from bench.harness import Question, Row, head

QUESTIONS = (
    "examples", "text", "growth", "analyses", "process", "interpreter", "startup", "lowering", "compiling", "allocators",
    "passes", "calls", "checks", "drops", "drop_passes", "loans",
)  # fmt: skip


def question(name: str) -> tuple[str, Question]:
    """The first line of a benchmark's docstring, and the benchmark."""
    module = import_module(f"bench.{name}")
    return (module.__doc__ or "").partition("\n")[0], module.run


def show(row: Row) -> str:
    text = f"  {row.name:34} {row.value:10.3f} {row.unit}"
    if row.ratio is not None:
        text += f"   {row.ratio:.3f}x {row.peer}"
    if "peer_instructions" in row.counted:
        text += f"   instructions {row.counted['instructions'] / row.counted['peer_instructions']:.3f}x"
    elif "instructions" in row.counted:
        text += f"   {row.counted['instructions'] / 1e6:.1f} million instructions"
    if row.bar is not None:
        text += f"   bar {row.bar}"
    return text


def run(names: list[str], quick: bool, file: str | None) -> int:
    unknown = [n for n in names if n not in QUESTIONS]
    if unknown:
        print(f"there is no benchmark {unknown[0]}; there are {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or QUESTIONS:
        title, ask = question(name)
        print(f"{name}: {title}")
        with tempfile.TemporaryDirectory() as scratch:
            for row in ask(Path(scratch), quick):
                row.name = f"{name}: {row.name}"
                rows.append(row)
                print(show(row), flush=True)
    if file is not None:
        Path(file).write_text(json.dumps({"head": head(), "rows": [attrs.asdict(r) for r in rows]}, indent=1) + "\n")
    return 0


def compare(first: str, second: str) -> int:
    """Rows of both files side by side; ratios to the peer are compared where there are any, values elsewhere."""
    try:
        before, after = (
            {(r["name"], r["metric"]): r for r in json.loads(Path(f).read_text())["rows"]} for f in (first, second)
        )
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            print(f"  {key[0]:44} only in {first}")
            continue
        what = "ratio" if old["ratio"] is not None and new["ratio"] is not None else "value"
        change = new[what] / old[what]
        print(f"  {key[0]:44} {key[1]:22} {old[what]:10.3f} -> {new[what]:10.3f}  {change:.3f}x")
    return 0


def main() -> int:
    """Runs the command; whoever reads its output may go before the end."""
    try:
        status = _main()
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_output()
        return 0
    return status


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is")
    running = commands.add_parser("run", help="measure")
    running.add_argument("names", nargs="*")
    running.add_argument("--quick", action="store_true")
    running.add_argument("--json", metavar="FILE")
    comparing = commands.add_parser("compare", help="two result files")
    comparing.add_argument("first")
    comparing.add_argument("second")
    options = parser.parse_args()
    if options.command == "list":
        for name in QUESTIONS:
            print(f"{name}: {question(name)[0]}")
        return 0
    if options.command == "run":
        return run(options.names, options.quick, options.json)
    return compare(options.first, options.second)


if __name__ == "__main__":
    sys.exit(main())
