"""No file over 500 lines, no function over 60. The list of exemptions only shrinks."""

import ast
from pathlib import Path

from source_tree import ROOT, files, functions, parsed, shown, written

FILE_LINES = 500
FUNCTION_LINES = 60
AREAS = ("core", "plugins", "themes", "tests", "docs")
KINDS = ("py", "html", "js", "css", "typ")
OURS = [f"{area}/**/*.{kind}" for area in AREAS for kind in KINDS] + ["*.py", "Makefile", "requirements/*.py"]

# "path" or "path::function" -> (its lines today, the reason). Lower the figure when the thing shrinks; add nothing.
EXEMPT: dict[str, tuple[int, str]] = {}


def sizes(root: Path = ROOT) -> dict[str, int]:
    """Lines of each file and each function; a docstring does not count, it is where contracts are told."""
    found = {}
    for path in files(*OURS, root=root):
        if path.parent.name == "versions":  # migrations are generated, and never edited once they are out
            continue
        found[shown(path, root)] = len(path.read_text(encoding="utf-8").splitlines())
        if path.suffix == ".py":
            for function in functions(parsed(path)):
                found[f"{shown(path, root)}::{function.name}"] = _lines(function)
    return found


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function):
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def too_long(found: dict[str, int], exempt: dict[str, tuple[int, str]]) -> list[str]:
    faults = []
    for name, lines in found.items():
        limit = FUNCTION_LINES if "::" in name else FILE_LINES
        if lines > exempt.get(name, (limit, ""))[0]:
            faults.append(f"{name}: {lines} lines, the limit is {limit}; split it by what it says")
    for name, (lines, _reason) in exempt.items():
        if found.get(name, 0) < lines:
            faults.append(
                f"{name}: exempt at {lines} lines but has {found.get(name, 0)}; lower or strike its exemption"
            )
    return faults


def test_files_and_functions_are_short():
    assert too_long(sizes(), EXEMPT) == []


def test_every_exemption_gives_its_reason():
    assert all(len(reason.split()) >= 3 for _lines, reason in EXEMPT.values())


def test_a_long_file_and_a_long_function_are_found(tmp_path):
    written(tmp_path, "core/long.py", "x = 1\n" * 501)
    written(tmp_path, "core/deep.py", "def f():\n" + "    x = 1\n" * 60)
    faults = too_long(sizes(tmp_path), {})
    assert [fault.split(",")[0] for fault in faults] == ["core/deep.py::f: 61 lines", "core/long.py: 501 lines"]


def test_a_docstring_does_not_count(tmp_path):
    written(tmp_path, "core/told.py", 'def f():\n    """' + "word\n" * 80 + '    """\n    return 1\n')
    assert too_long(sizes(tmp_path), {}) == []


def test_an_exemption_that_is_no_longer_needed_is_found():
    assert too_long({"a.py": 480}, {"a.py": (600, "one table of constants")}) == [
        "a.py: exempt at 600 lines but has 480; lower or strike its exemption"
    ]
