"""Every plugin and theme is a small product: README, CHANGELOG, a conformance test, declared imports."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_tree import ROOT, Distribution, imported, parsed, plugins, shown, themes, written


def shape_faults(distribution: Distribution, root: Path = ROOT) -> list[str]:
    place = shown(distribution.folder, root)
    faults = [
        f"{place}: has no {name}"
        for name in ("README.md", "CHANGELOG.md")
        if not (distribution.folder / name).is_file()
    ]
    if not distribution.name.startswith("billhead-"):
        faults.append(f"{place}: is called {distribution.name}, not billhead-…")
    if not distribution.package.is_dir():
        faults.append(f"{place}: has no package {distribution.package.name}/")
    if "billhead.plugins" not in distribution.pyproject["project"].get("entry-points", {}):
        faults.append(f"{place}: names no entry point in the group billhead.plugins")
    if not any(_conforms(path) for path in distribution.test_files()):
        faults.append(f"{place}: no test subclasses a …Conformance class of billhead.testing")
    return faults


def _conforms(path: Path) -> bool:
    return any(
        ast.unparse(parent).endswith("Conformance")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        for parent in node.bases
    )


def installed_with(requirements: list[str]) -> set[str]:
    """The names of the distributions that these requirements bring, with all that those bring in turn."""
    reached: set[tuple[str, str]] = set()
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        wanted, _ = waiting.pop()
        for extra in {"", *wanted.extras}:
            step = (canonicalize_name(wanted.name), extra)
            if step not in reached:
                reached.add(step)
                waiting += [(inner, extra) for inner in _requirements_of(step[0], extra)]
    return {name for name, _ in reached}


def _requirements_of(name: str, extra: str) -> list[Requirement]:
    try:
        lines = requires(name) or []
    except ModuleNotFoundError:  # an extra that this environment goes without
        return []
    inner = [Requirement(line) for line in lines]
    return [need for need in inner if need.marker is None or need.marker.evaluate({"extra": extra})]


def undeclared_imports(distribution: Distribution, root: Path = ROOT) -> list[str]:
    providers = packages_distributions()
    allowed = installed_with(distribution.requirements) | {canonicalize_name(distribution.name)}
    faults = []
    for path in distribution.python_files():
        for line, module in imported(path):
            top = module.split(".")[0]
            brought = {canonicalize_name(name) for name in providers.get(top, [top])}
            if top not in sys.stdlib_module_names and top != distribution.package.name and not brought & allowed:
                faults.append(f"{shown(path, root)}:{line}: {top} is not among the dependencies of {distribution.name}")
    return faults


def test_plugins_and_themes_are_small_products():
    assert [fault for distribution in [*plugins(), *themes()] for fault in shape_faults(distribution)] == []


def test_what_is_imported_is_declared():
    everyone = [Distribution(ROOT), *plugins(), *themes()]
    assert [fault for distribution in everyone for fault in undeclared_imports(distribution)] == []


def untrue_extras(distribution: Distribution, root: Path = ROOT) -> list[str]:
    """An extra `test` says that the tests run with it alone: it brings what they import, none of it tests/support/."""
    if "test" not in distribution.pyproject["project"].get("optional-dependencies", {}):
        return []
    brought = installed_with(distribution.requirements)
    providers = packages_distributions()
    faults = []
    for path in distribution.test_files():
        for line, module in imported(path):
            top = module.split(".")[0]
            known = {canonicalize_name(name) for name in providers.get(top, [top])}
            is_own = top in sys.stdlib_module_names or top == distribution.package.name
            if not is_own and not known & brought:
                faults.append(f"{shown(path, root)}:{line}: the extra test does not bring {top}")
    return faults


def test_what_an_extra_says_of_the_tests_is_true():
    assert [fault for distribution in [*plugins(), *themes()] for fault in untrue_extras(distribution)] == []


def test_an_untrue_extra_is_found(tmp_path):
    extra = '[project.optional-dependencies]\ntest = ["pytest"]\n'
    written(tmp_path, "plugins/lean/pyproject.toml", f'[project]\nname = "billhead-lean"\nversion = "0.1"\n{extra}')
    written(tmp_path, "plugins/lean/tests/test_lean.py", "import json, pytest\nimport fake_lean\n")
    assert untrue_extras(plugins(tmp_path)[0], tmp_path) == [
        "plugins/lean/tests/test_lean.py:2: the extra test does not bring fake_lean"
    ]


def test_a_bare_folder_is_found(tmp_path):
    written(tmp_path, "plugins/bare/pyproject.toml", '[project]\nname = "bare"\nversion = "0.1"\n')
    written(tmp_path, "plugins/bare/tests/test_bare.py", "class TestBare: ...\n")
    assert [re.sub("^plugins/bare: ", "", fault) for fault in shape_faults(plugins(tmp_path)[0], tmp_path)] == [
        "has no README.md",
        "has no CHANGELOG.md",
        "is called bare, not billhead-…",
        "has no package bare/",
        "names no entry point in the group billhead.plugins",
        "no test subclasses a …Conformance class of billhead.testing",
    ]


def test_an_undeclared_import_is_found(tmp_path):
    project = '[project]\nname = "billhead-lean"\nversion = "0.1"\ndependencies = ["flask"]\n'
    written(tmp_path, "plugins/lean/pyproject.toml", project)
    written(tmp_path, "plugins/lean/billhead_lean/plugin.py", "import json, werkzeug\nimport hypothesis\n")
    assert undeclared_imports(plugins(tmp_path)[0], tmp_path) == [
        "plugins/lean/billhead_lean/plugin.py:2: hypothesis is not among the dependencies of billhead-lean"
    ]
