"""The pass manager: pipeline texts, what happens around passes, parallel runs, passes from elsewhere."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

import altru_ir as air
from altru_ir import passes
from altru_ir.flat import flatten, rebuild
from altru_ir.module import Function, Module
from altru_ir.passes import reproducer
from altru_ir.passes.analysis.control_flow import ControlFlow, Dominators
from altru_ir.passes.base import PASSED, FunctionPass, Pass, Remark, option_texts, options_of, spelled_options
from altru_ir.passes.pipelines import PIPELINES
from altru_ir.passes.registry import find, forget, load_file, names
from altru_ir.passes.remarks import to_yaml
from altru_ir.passes.timing import Timing
from altru_ir.source import Location
from altru_ir.testing import whole_language
from tests.driver.test_driver import altru_opt

TEXT = "func @f(%x: i32) -> i32 {\n^entry:\n  %y = add %x, %x\n  %z = add %x, %x\n  ret %y\n}\n"


@attrs.define
class Probe(FunctionPass):
    """Counts.

    Options:
        times: how often.
        factor: a number.
        loudly: whether to remark
            on it.
        word: text.
    """

    name = "probe"
    times: int = 1
    factor: float = 1.0
    loudly: bool = False
    word: str = "x"

    def run_on(self, function: Function) -> bool:
        self.count("functions", self.times)
        if self.loudly:
            self.remark(PASSED, "Seen", function.entry.ops[0], f"{self.word} in @{function.name}")
        return False


@attrs.define
class Breaks(FunctionPass):
    """Leaves a block without its terminator."""

    name = "breaks"

    def run_on(self, function: Function) -> bool:
        function.entry.ops.pop()
        return True


@attrs.define
class Fails(Pass):
    """Raises."""

    name = "fails"

    def run(self, module: Module) -> None:
        raise ZeroDivisionError("planted")


@pytest.fixture(autouse=True)
def _ours() -> Any:
    kinds = (Probe, Breaks, Fails)
    for kind in kinds:
        passes.register(kind)
    yield
    for kind in kinds:
        forget(kind.name)


# -- pipelines -----------------------------------------------------------------------------------------------------------


def test_options_are_read_by_their_types() -> None:
    (one, other) = passes.parse_pipeline(" probe{times = 3, factor=2.5,loudly, word=a+b } , dce ")
    assert one == Probe(3, 2.5, True, "a+b")
    assert other.name == "dce"
    assert passes.parse_pipeline("probe{loudly=false}") == [Probe()]
    assert passes.parse_pipeline("probe{}") == [Probe()]
    assert passes.parse_pipeline("") == []
    assert [p.name for p in passes.parse_pipeline("O0")] == PIPELINES["O0"]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("dce,", 5, "expected the name of a pass, found the end"),
        ("dce cse", 5, "expected `,` or the end, found `c`"),
        (",dce", 1, "expected the name of a pass, found `,`"),
        ("dce,csee", 5, "there is no pass `csee`, perhaps you mean `cse`; there are insert-checks, "),
        ("probe{tims=3}", 7, "pass `probe` has no option `tims=3`, perhaps you mean `times`; options are times, factor"),
        ("probe{times=3,times=4}", 15, "option `times` is given twice"),
        ("probe{times=three}", 13, "option `times` of `probe` is an integer, not `three`"),
        ("probe{factor=x}", 14, "option `factor` of `probe` is a number, not `x`"),
        ("probe{loudly=7}", 14, "option `loudly` of `probe` is `true` or `false`, not `7`"),
        ("probe{times}", 12, "option `times` of `probe` needs a value"),
        ("probe{times=3", 14, "expected `,` or `}` in the options of `probe`, found the end"),
        ("O1{x=1}", 3, "`O1` is a named pipeline; it has no options"),
        ("canonicalize{max-iterations=0}", 1, "`max-iterations` is at least 1"),
        ("insert-checks{checks=odd}", 1, "there is no class of checks `odd`"),
    ],
)
def test_bad_pipelines(text: str, column: int, says: str) -> None:
    with pytest.raises(passes.PipelineError) as raised:
        passes.parse_pipeline(text)
    error = raised.value
    assert error.column == column
    assert says in error.problem
    assert str(error).splitlines()[1:] == [f"  {text}", "  " + " " * (column - 1) + "^"]


def test_every_option_of_every_pass_is_documented() -> None:
    assert option_texts(Probe)["loudly"] == "whether to remark on it."
    for name in names():
        kind = find(name)
        assert (kind.__doc__ or "").strip(), name
        assert list(option_texts(kind)) == [field.name for field in options_of(kind)], name
        assert issubclass(kind, Pass)
        assert kind.name == name


def test_a_pass_is_spelled_as_it_is_read() -> None:
    for text in ("probe{times=3,loudly=true}", "canonicalize{max-iterations=3}", "dce"):
        (each,) = passes.parse_pipeline(text)
        assert spelled_options(each) == text


# -- around passes -------------------------------------------------------------------------------------------------------


def test_statistics_and_remarks() -> None:
    manager = passes.run(air.parse(TEXT, "a.air"), "probe{times=2,loudly},dce,probe")
    assert manager.statistics["probe"] == {"functions": 3}
    assert manager.statistics["dce"]["operations removed"] == 1
    (remark,) = manager.remarks
    assert (remark.kind, remark.pass_name, remark.name, remark.function) == ("Passed", "probe", "Seen", "f")
    assert str(remark.location) == "a.air:3:3"


def test_remarks_are_yaml() -> None:
    awkward = 'it\'s "so": #1\n\ttab \\ é'
    remarks = [
        Remark("Passed", "inline", "Inlined", "f", Location("a b.air", 3, 5), "plain"),
        Remark("Missed", "inline", "NotInlined", "'", None, awkward),
    ]
    text = to_yaml(remarks)
    assert "DebugLoc:        { File: 'a b.air', Line: 3, Column: 5 }\n" in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, tag, node: {"kind": tag, **loader.construct_mapping(node, deep=True)})
    one, other = list(yaml.load_all(text, Loader))
    assert one == {
        "kind": "Passed", "Pass": "inline", "Name": "Inlined", "DebugLoc": {"File": "a b.air", "Line": 3, "Column": 5},
        "Function": "f", "Args": [{"String": "plain"}],
    }  # fmt: skip
    assert (other["Function"], other["Args"]) == ("'", [{"String": awkward}])


def test_timing_has_a_span_for_each_pass() -> None:
    manager = passes.PassManager(passes.parse_pipeline("cse,dce"), verify_each=True)
    manager.run(air.parse(TEXT))
    assert [span.name for span in manager.timing.spans] == ["cse", "verify", "dce", "verify"]
    trace = json.loads(manager.timing.trace())
    assert [event["name"] for event in trace["traceEvents"]] == ["cse", "verify", "dce", "verify"]
    assert all(event["ph"] == "X" and event["dur"] >= 0 and event["ts"] >= 0 for event in trace["traceEvents"])
    assert manager.timing.table().splitlines()[-1].endswith("100.0 %  total")


def test_spans_nest_and_survive_exceptions() -> None:
    timing = Timing()
    with pytest.raises(KeyError), timing.span("outer"), timing.span("inner"):
        raise KeyError
    assert [(span.name, span.depth) for span in timing.spans] == [("inner", 1), ("outer", 0)]
    assert [line.split("%  ")[1] for line in timing.table().splitlines()] == ["outer", "  inner", "total"]


def test_verify_each_names_the_pass() -> None:
    with pytest.raises(air.DiagnosticError, match="after pass `breaks`"):
        passes.run(air.parse(TEXT), "dce,breaks,cse", verify_each=True)


@pytest.mark.parametrize("failing", ["fails", "breaks"])
def test_a_reproducer_replays(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    saved: list[str] = []
    manager = passes.PassManager(passes.parse_pipeline(f"dce,{failing},cse"), True, on_failure=saved.append)
    with pytest.raises((ZeroDivisionError, air.DiagnosticError)):
        manager.run(air.parse(TEXT))
    (text,) = saved
    assert reproducer.read(text) == reproducer.Head(failing, True, ())
    assert "%z" not in text  # dce has run
    file = tmp_path / "repro.air"
    file.write_text(text)
    status, _, err = altru_opt("--replay", str(file))
    assert (status, "planted" in err) == (70, True) if failing == "fails" else (status, "after pass" in err) == (1, True)


def test_text_that_is_no_reproducer(tmp_path: Path) -> None:
    with pytest.raises(reproducer.NotAReproducer, match="no line begins with"):
        reproducer.read(TEXT)
    with pytest.raises(reproducer.NotAReproducer, match="names no pipeline"):
        reproducer.read(f"{reproducer.HEAD}--verify-each\n{TEXT}")
    file = tmp_path / "a.air"
    file.write_text(TEXT)
    status, _, err = altru_opt("--replay", str(file))
    assert (status, "this is no reproducer" in err) == (2, True)


def test_analyses_are_kept_until_something_changes() -> None:
    class Asks(Probe):
        name = "asks"

        def run_on(self, function: Function) -> bool:
            self.get(Dominators, function)
            return False

    class Changes(Probe):
        name = "changes"

        def run_on(self, function: Function) -> bool:
            return function.name == "f"

    class Keeps(Changes):
        name = "keeps"
        preserves = (ControlFlow,)

    manager = passes.PassManager([Asks(), Asks(), Keeps(), Asks(), Changes(), Asks()])
    manager.run(air.parse(TEXT + TEXT.replace("@f", "@g")))
    assert manager.analyses.computed == {"cfg": 3, "dominators": 3}  # two functions, and @f once more behind `changes`


# -- parallel ------------------------------------------------------------------------------------------------------------


class Backwards(Executor):
    """Runs jobs when the last has been submitted, the last first: order must not matter."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.jobs: list[tuple[Future[Any], Any]] = []

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.jobs.append((future, lambda: function(*arguments, **more)))
        if len(self.jobs) == self.count:
            for waiting, job in reversed(self.jobs):
                waiting.set_result(job())
            self.jobs = []
        return future


def several(count: int) -> Module:
    text = whole_language.generate(3, 4).text
    for number in range(count):
        text += TEXT.replace("@f", f"@g{number}")
    return air.parse(text, "many.air")


def test_any_executor_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("altru_ir.passes.parallel.CHUNK", 10)
    pipeline = "insert-checks,mem2reg,canonicalize,cse,simplify-cfg,dce"
    alone = several(20)
    wanted = passes.run(alone, pipeline)
    chunks = len(passes_chunks(several(20)))
    assert chunks > 5
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes):
            module = several(20)
            found = passes.run(module, pipeline, executor=executor)
            assert module.text(locations=True) == alone.text(locations=True)
            assert (found.statistics, found.remarks) == (wanted.statistics, wanted.remarks)
            assert air.verify(module) == []
    module = several(20)
    passes.run(module, "dce", executor=Backwards(chunks))
    once = several(20)
    passes.run(once, "dce")
    assert str(module) == str(once)


def passes_chunks(module: Module) -> list[list[Function]]:
    from altru_ir.passes.base import bodies
    from altru_ir.passes.parallel import _chunks

    return _chunks(bodies(module))


def test_a_failing_worker_leaves_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "run_on", lambda self, function: 1 // 0)
    module = several(2)
    before = str(module)
    with ThreadPoolExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        passes.run(module, "probe", executor=executor)
    assert str(module) == before


def test_flat_functions_come_back() -> None:
    for seed in range(12):
        module = air.parse(whole_language.generate(seed, 3).text, "a.air")
        before = module.text(locations=True)
        for function in module.functions.values():
            rebuild(flatten(function), function)
        assert module.text(locations=True) == before
        assert air.verify(module) == []


# -- passes from elsewhere -----------------------------------------------------------------------------------------------

FILE = '''
import attrs
from altru_ir.passes import FunctionPass

@attrs.define
class Rename(FunctionPass):
    """Names blocks.

    Options:
        prefix: what stands in front.
    """

    name = "NAME"
    prefix: str = "b"

    def run_on(self, function):
        for block in function.blocks:
            block.label = self.prefix + block.label
        return True
'''


def test_passes_of_a_file(tmp_path: Path) -> None:
    program = tmp_path / "a.air"
    program.write_text(TEXT)
    file = tmp_path / "renaming.py"
    file.write_text(FILE.replace("NAME", "rename-blocks"))
    try:
        load = f"--load-pass={file}"
        status, out, _ = altru_opt(load, "-p", "rename-blocks{prefix=x_}", "--jobs=2", str(program))
        assert (status, "^x_entry:" in out) == (0, True)
        status, out, _ = altru_opt(load, "--list-passes")
        assert "rename-blocks: Names blocks.\n    prefix (str, b): what stands in front.\n" in out
        assert load_file(str(file)) == ["rename-blocks"]
    finally:
        forget("rename-blocks")


def test_a_pass_of_a_file_that_raises(tmp_path: Path) -> None:
    """The file is told, not the command; the reproducer names the file, and loads it only for who says so."""
    program, file, made = tmp_path / "a.air", tmp_path / "raising.py", tmp_path / "made.air"
    program.write_text(TEXT)
    file.write_text(FILE.replace("NAME", "raise-something").replace("block.label = self.prefix + block.label", "self.nothing"))
    try:
        load = f"--load-pass={file}"
        status, _, err = altru_opt(load, "-p", "raise-something", f"--reproducer={made}", str(program))
        line = file.read_text().splitlines().index("            self.nothing") + 1
        assert (status, err.splitlines()[0]) == (
            70, f"error[internal]: {file}, line {line}, failed (AttributeError: 'Rename' object has no attribute 'nothing')."
        )  # fmt: skip
        assert "a defect of that file, not of the program" in err
        crash = Path(err.split("are in ")[1].splitlines()[0].removesuffix("."))
        assert err.endswith(f"  The module as it was before that pass is in {made}, for --replay.\n")
        for each in (made, crash):
            assert each.read_text().startswith(f"// altru-opt --replay: -p raise-something --load-pass {file}\n")
            status, _, err = altru_opt("--replay", str(each), load)
            assert (status, err.splitlines()[0].split(",")[0]) == (70, f"error[internal]: {file}")
        crash.unlink()
        made.write_text(made.read_text().replace("raising.py", "other.py"))
        status, _, err = altru_opt("--replay", str(made), load)
        assert (status, "this reproducer needs --load-pass=" in err) == (2, True)
    finally:
        forget("raise-something")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = (\n", "cannot load"),
        ("import no_such_module\n", "cannot load"),
        ("x = 1\n", "defines no pass"),
        (FILE.replace("NAME", "dce"), "there is a pass `dce` already"),
        (None, "cannot read"),
    ],
)
def test_files_without_passes(text: str | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    if text is not None:
        file.write_text(text)
    status, _, err = altru_opt(f"--load-pass={file}", "--list-passes")
    assert (status, says in err) == (2, True), err


@attrs.define
class Offered(Probe):
    """Counts, too."""

    name = "offered"


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from altru_ir.passes import registry

    point = metadata.EntryPoint("offered", "tests.passes.test_manager:Offered", registry.GROUP)
    monkeypatch.setattr(registry, "_offered", lambda: {"offered": point})
    assert find("offered").__name__ == "Offered"
    assert names()[-1] == "offered"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_package:Probe", "cannot be loaded: No module named 'no_such_package'"),
        (
            "tests.passes.test_manager:Nothing",
            "cannot be loaded: module 'tests.passes.test_manager' has no attribute 'Nothing'",
        ),
        ("tests.passes.test_manager:TEXT", "is no subclass of altru_ir.passes.Pass"),
        ("tests.passes.test_manager:several", "is no subclass of altru_ir.passes.Pass"),
        ("tests.passes.test_manager:Probe", "calls itself `probe`"),
    ],
)
def test_a_bad_offer_of_a_package_is_told_to_who_wants_it(value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from altru_ir.passes import registry

    point = metadata.EntryPoint("offered", value, registry.GROUP)
    monkeypatch.setattr(registry, "_offered", lambda: {"offered": point})
    with pytest.raises(passes.PipelineError, match="column 5: the pass `offered`, which a package offers as") as caught:
        passes.parse_pipeline("dce,offered")
    assert says in str(caught.value)
    assert len(passes.parse_pipeline("dce,cse")) == 2
    status, out, _ = altru_opt("--list-passes")
    assert (status, f"offered: the pass `offered`, which a package offers as {value}, {says}" in out) == (0, True)
    status, out, _ = altru_opt("--describe=passes", "--json")
    assert (status, json.loads(out)[-1]["level"]) == (0, "unknown")


def test_two_files_of_one_name(tmp_path: Path) -> None:
    program = tmp_path / "a.air"
    program.write_text(TEXT)
    files = [tmp_path / folder / "renaming.py" for folder in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        file.write_text(FILE.replace("NAME", f"rename-{file.parent.name}"))
    try:
        loads = [f"--load-pass={file}" for file in files]
        status, out, _ = altru_opt(*loads, "-p", "rename-one{prefix=x_},rename-two{prefix=y_}", "--jobs=2", str(program))
        assert (status, "^y_x_entry:" in out) == (0, True)
    finally:
        forget("rename-one")
        forget("rename-two")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"passes": ["dce"]}, "'dce' is none; `parse_pipeline` makes passes of text"),
        ({"passes": [Probe]}, "is none; make one of the class"),
        ({"passes": [], "executor": "threads"}, "an executor has a method `submit`, and 'threads' has none"),
    ],
)
def test_what_is_no_pass_or_executor(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        passes.PassManager(**wrong).run(air.parse(TEXT))
    with pytest.raises(TypeError, match="what is transformed is a Module, not str"):
        passes.run(TEXT, "dce")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match='a pipeline is a text, as "mem2reg,cse", not list'):
        passes.run(air.parse(TEXT), ["dce"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'dce' is no subclass"):
        passes.register("dce")  # type: ignore[arg-type]


def test_a_pass_that_does_not_say_what_it_does() -> None:
    for base, says in ((FunctionPass, "run_on"), (Pass, "run"), (passes.Check, "diagnose")):
        lazy = type("Lazy", (base,), {"name": "lazy"})
        with pytest.raises(NotImplementedError, match=rf"pass `lazy` has no `{says}\("):
            passes.PassManager([lazy()]).run(air.parse(TEXT))
    with pytest.raises(TypeError, match="a remark is about an operation or a function, not about None"):
        Probe().remark(PASSED, "Nothing", None, "of nothing")  # type: ignore[arg-type]


def test_names_are_taken_once() -> None:
    with pytest.raises(ValueError, match="has no name"):
        passes.register(type("Nameless", (Probe,), {"name": ""}))
    with pytest.raises(ValueError, match="there is a pass `probe` already"):
        passes.register(type("Other", (Probe,), {}))


# -- the command ---------------------------------------------------------------------------------------------------------


def test_flags_of_the_command(tmp_path: Path) -> None:
    program = tmp_path / "a.air"
    program.write_text(TEXT)
    trace, remarks = tmp_path / "trace.json", tmp_path / "remarks.yaml"
    flags = ["-p", "cse,probe{loudly}", f"--timing={trace}", f"--remarks={remarks}", "--statistics", "--print-ir-after=changed"]
    status, out, err = altru_opt(*flags, str(program))
    assert status == 0
    assert "%z" not in out
    assert "         1  cse: operations removed\n         1  probe: functions\n" in err
    assert "// after cse" in err
    assert "// after probe" not in err
    assert [event["name"] for event in json.loads(trace.read_text())["traceEvents"]] == [
        "parse", "verify", "cse", "probe", "verify",  # once more, for `probe` is not ours
    ]  # fmt: skip
    assert "--- !Passed\nPass:            'probe'" in remarks.read_text()
    _, _, err = altru_opt("-p", "dce", "--timing", str(program))
    assert err.splitlines()[-1].endswith("total")
    status, _, err = altru_opt("-p", "dce", f"--remarks={tmp_path}/no/such/file", str(program))
    assert (status, "cannot write" in err) == (2, True)
    status, _, err = altru_opt("-p", "dce,csx", str(program))
    assert status == 2
    assert "pipeline, column 5: there is no pass `csx`, perhaps you mean `cse`" in err
    assert "  dce,csx\n      ^\n" in err


def test_what_a_foreign_pass_breaks_is_seen_and_told(tmp_path: Path) -> None:
    program = tmp_path / "a.air"
    program.write_text(TEXT)
    status, out, err = altru_opt("-p", "dce,breaks", str(program))
    assert (status, out) == (1, "")
    assert "after the pipeline with `breaks` (--verify-each says which pass): " in err
    assert altru_opt("-p", "dce,breaks", "--no-check", str(program))[0] == 0
    status, out, err = altru_opt("-p", "dce,breaks", "--verify-each", "--print-ir-after=all", str(program))
    assert (status, out) == (1, "")
    assert "// after breaks" in err  # what it left is what its author wants to see
    assert "after pass `breaks`: " in err


def test_the_memory_of_a_module_that_is_not_valid_is_not_judged() -> None:
    module = air.parse(TEXT)
    module.functions["f"].entry.ops.pop()
    assert [problem.code for problem in passes.check_memory(module)] == ["ALT-V001"]
    with pytest.raises(TypeError, match="what is checked is a Module, not NoneType"):
        passes.check_memory(None)  # type: ignore[arg-type]


def test_the_reproducer_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program, saved = tmp_path / "a.air", tmp_path / "saved.air"
    program.write_text(TEXT)
    assert altru_opt("-p", "dce,fails", f"--reproducer={saved}", str(program))[0] == 70
    status, _, err = altru_opt("--replay", str(saved))
    assert (status, "ZeroDivisionError: planted" in err) == (70, True)
    assert altru_opt("--replay", "-p", "dce", str(saved))[0] == 2
    # The report that an internal error leaves replays as well.
    report = next(word.rstrip(";") for word in err.split() if ".repro.air" in word)
    status, _, err = altru_opt("--replay", report)
    assert (status, "ZeroDivisionError: planted" in err) == (70, True)
    assert altru_opt("-p", "dce", f"--reproducer={tmp_path}/none.air", str(program))[0] == 0
    assert not (tmp_path / "none.air").exists()
