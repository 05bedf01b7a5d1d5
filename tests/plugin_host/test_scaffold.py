"""`plugins new` writes a plugin that loads, says what is to be written, and passes its tests once that is written."""

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from guide import module_of_the_guide

from billhead.domain.errors import Conflict, InvalidInput
from billhead.plugin_host import discover
from billhead.plugin_host.scaffold import FOLDERS, write_scaffold
from source_tree import ROOT

MORE = """
    def catalogue(self, panel):
        _, offered = client.read(panel, "/catalogue")
        return Catalogue(offered["plans"], offered["bouquets"])

    def list_lines(self, panel):
        _, lines = client.read(panel, "/lines")
        return [ListedLine(line["ref"], line["ref"], LineKind(line["kind"]), _observed(line)) for line in lines]

    def capabilities(self, panel):
        kinds = frozenset(LineKind)
        return Capabilities(Expiry.SETTABLE, kinds, bouquets=True, connections=True, listing=True)
"""


def run_tests(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """As its author would, with nothing of this tree but the installed billhead."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
    ]
    path = os.pathsep.join([str(folder), str(ROOT / "core")])
    environ = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    everything = {"env": environ, "capture_output": True, "text": True, "timeout": 300, "check": False}
    return subprocess.run([*command, *options, str(folder)], **everything)


@pytest.fixture
def demo_panel(tmp_path) -> Path:
    return write_scaffold("provisioning", "demo_panel", tmp_path)


def test_after_filling_in_the_five_functions_it_passes_its_own_conformance_test(demo_panel):
    (demo_panel / "billhead_demo_panel" / "module.py").write_text(module_of_the_guide())
    run = run_tests(demo_panel)
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"^\d\d passed", run.stdout, re.MULTILINE)


def test_with_a_catalogue_and_a_list_it_passes_too(demo_panel):
    module = module_of_the_guide().replace("    Absent,\n", "    Absent,\n    Catalogue,\n    ListedLine,\n")
    start, end = module.split("\n\ndef _wanted", 1)
    (demo_panel / "billhead_demo_panel" / "module.py").write_text(f"{start}{MORE}\n\ndef _wanted{end}")
    run = run_tests(demo_panel)
    assert run.returncode == 0, run.stdout[-3000:]


def test_the_guide_fills_in_what_the_pattern_leaves_open(demo_panel):
    pattern = (demo_panel / "billhead_demo_panel" / "module.py").read_text()
    open_functions = set(re.findall(r'NotImplementedError\("demo_panel: (\w+)\(\)', pattern))
    assert open_functions == {"capabilities", "look_up", "plan", "apply", "remove"}
    signature = re.compile(r"^    def .*$", re.MULTILINE)
    assert signature.findall(pattern) == signature.findall(module_of_the_guide())


@pytest.mark.parametrize("kind", sorted(FOLDERS))
def test_a_new_plugin_loads_before_a_line_is_written(kind, tmp_path, monkeypatch):
    name = f"fresh_{kind}"
    folder = write_scaffold(kind, name, tmp_path)
    monkeypatch.syspath_prepend(folder)
    (plugin,) = discover([EntryPoint(name, f"billhead_{name}.plugin", "billhead.plugins")])
    assert (plugin.broken, [thing.code for things in plugin.offers.values() for thing in things]) == ("", [name])
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    package = f"billhead_{name}"
    assert {"README.md", "CHANGELOG.md", "pyproject.toml", f"{package}/plugin.py"} <= there
    assert f"tests/test_{name}_conformance.py" in there


@pytest.mark.parametrize("kind", sorted(FOLDERS))
def test_what_is_not_written_fails_with_a_sentence(kind, tmp_path):
    folder = write_scaffold(kind, f"open_{kind}", tmp_path)
    run = run_tests(folder, "-x")
    assert run.returncode == 1
    assert re.search(r"NotImplementedError: (open_\w+: \w+\(\) is to be written|start a receiver)", run.stdout), (
        run.stdout
    )


def test_a_pattern_is_as_clean_as_the_house(tmp_path):
    for kind in FOLDERS:
        write_scaffold(kind, f"demo_{kind}", tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    # the order of imports depends on the tree that it is written into
    for command in ([*ruff, "check", "--ignore", "I001", *config], [*ruff, "format", "--check", *config]):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


def test_nothing_is_overwritten(demo_panel):
    with pytest.raises(Conflict, match="is there already"):
        write_scaffold("provisioning", "demo_panel", demo_panel.parent)


@pytest.mark.parametrize("name", ["Demo", "demo-panel", "1st", "d", "../demo", "demo panel"])
def test_a_name_is_an_identifier(name, tmp_path):
    with pytest.raises(InvalidInput, match="small letters"):
        write_scaffold("provisioning", name, tmp_path)
    assert list(tmp_path.iterdir()) == []
