"""docs/fault-matrix.md is whole: a part for each module that provisions, and each test that it names is there."""

import re

import pytest

from source_tree import ROOT

PAGE = (ROOT / "docs" / "fault-matrix.md").read_text("utf-8")
TESTS = "\n".join(path.read_text("utf-8") for path in (ROOT / "plugins").glob("*/tests/*.py"))


@pytest.mark.parametrize("module", ["enigma2", "stalker", "xtream"])
def test_each_module_has_its_tables(module):
    part = re.split(rf"^## {module}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    assert re.findall(r"`(plugins/\w+/tests/\w+\.py)`", part)
    assert "| call |" in part


def test_each_dialect_of_the_xtream_module_has_its_table():
    spoken = re.search(r"^DIALECTS = \((.*)\)", (ROOT / "plugins/xtream/billhead_xtream/settings.py").read_text(), re.M)
    assert set(re.findall(r'"(\w+)"', spoken[1])) <= set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE))


def test_each_test_that_it_names_is_there():
    named = set(re.findall(r"`(test_\w+)(?:\[[^`]*)?`", PAGE))
    missing = sorted(name for name in named if f"def {name}(" not in TESTS)
    assert len(named) > 20
    assert missing == []


def test_each_file_that_it_names_is_there():
    assert [path for path in re.findall(r"`([\w/]+/test_\w+\.py)`", PAGE) if not (ROOT / path).exists()] == []
