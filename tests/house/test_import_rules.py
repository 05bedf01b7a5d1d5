"""Who may import whom, for what import-linter cannot know by name: plugins and themes come and go.

The directions inside core are contracts in pyproject.toml, checked by `make lint`.
"""

import sys
from pathlib import Path

from source_tree import (
    CORE,
    ROOT,
    Distribution,
    files,
    files_of_tests,
    imported,
    plugins,
    shown,
    themes,
    within,
    written,
)


def domain_imports(domain: Path, root: Path = ROOT) -> list[str]:
    return [
        f"{shown(path, root)}:{line}: the domain imports {module}"
        for path in files("**/*.py", root=domain)
        for line, module in imported(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not within(module, "billhead.domain")
    ]


def plugin_imports(distributions: list[Distribution], root: Path = ROOT) -> list[str]:
    """Ours that a plugin reaches beyond billhead.plugin, itself and the plugins it declares as dependencies."""
    packages = {distribution.package.name: distribution for distribution in distributions}
    faults = []
    for distribution in distributions:
        declared = " ".join(distribution.requirements).replace("-", "_")
        allowed = ["billhead.plugin", distribution.package.name, *(name for name in packages if name in declared)]
        for path in [*distribution.python_files(), *distribution.test_files()]:
            is_test = path.is_relative_to(distribution.folder / "tests")
            mine = [*allowed, "billhead.testing"] if is_test else allowed
            faults += [
                f"{shown(path, root)}:{line}: {distribution.name} may not import {module}"
                for line, module in imported(path)
                if within(module, "billhead", *packages) and not within(module, *mine)
            ]
    return faults


def test_the_domain_needs_nothing_but_the_standard_library():
    assert domain_imports(CORE / "domain") == []


def test_plugins_and_themes_import_the_plugin_api_alone():
    assert plugin_imports([*plugins(), *themes()]) == []


def test_core_imports_no_plugin():
    packages = [distribution.package.name for distribution in [*plugins(), *themes()]]
    faults = [
        f"{shown(path)}:{line}: {module}"
        for path in files("**/*.py", root=CORE)
        for line, module in imported(path)
        if within(module, *packages)
    ]
    assert faults == []


def test_nobody_imports_core_by_its_folder():
    everyone = [*files("core/**/*.py", "plugins/**/*.py", "themes/**/*.py"), *files_of_tests()]
    assert [shown(path) for path in everyone for _, module in imported(path) if within(module, "core")] == []


def test_a_domain_that_reaches_out_is_found(tmp_path):
    written(tmp_path, "domain/money.py", "import decimal\nimport flask\nfrom billhead.models import Seller\n")
    assert domain_imports(tmp_path / "domain", tmp_path) == [
        "domain/money.py:2: the domain imports flask",
        "domain/money.py:3: the domain imports billhead.models.Seller",
    ]


def test_a_plugin_that_reaches_into_core_or_into_another_is_found(tmp_path):
    for name, needs in (("xtream", "[]"), ("enigma2", '["billhead-xtream>=0.1"]'), ("stalker", "[]")):
        project = f'[project]\nname = "billhead-{name}"\nversion = "0.1"\ndependencies = {needs}\n'
        written(tmp_path, f"plugins/{name}/pyproject.toml", project)
    written(tmp_path, "plugins/enigma2/billhead_enigma2/plugin.py", "from billhead_xtream.client import Client\n")
    written(
        tmp_path,
        "plugins/stalker/billhead_stalker/plugin.py",
        "import httpx\nfrom billhead.plugin import hookimpl\nfrom billhead.models import Panel\n"
        "import billhead_xtream.client\nfrom billhead import testing\n",
    )
    written(tmp_path, "plugins/stalker/tests/test_s.py", "from billhead.testing import ProvisioningConformance\n")
    assert plugin_imports(plugins(tmp_path), tmp_path) == [
        "plugins/stalker/billhead_stalker/plugin.py:3: billhead-stalker may not import billhead.models.Panel",
        "plugins/stalker/billhead_stalker/plugin.py:4: billhead-stalker may not import billhead_xtream.client",
        "plugins/stalker/billhead_stalker/plugin.py:5: billhead-stalker may not import billhead.testing",
    ]
