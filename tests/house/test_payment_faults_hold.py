"""docs/payment-faults.md and the conformance kit name the same faults: a row for each test, and a gateway a column."""

import re

from billhead.testing import GatewayFaults
from source_tree import ROOT

PAGE = (ROOT / "docs" / "payment-faults.md").read_text(encoding="utf-8")
_HEAD = re.compile(r"^\| fault \| test of `GatewayFaults` \|(.+)\|$", re.MULTILINE)
_ROW = re.compile(r"^\|[^|\n]+\| `(test_\w+)(?:\[(\w+)…\])?` \|(.+)\|$", re.MULTILINE)


def test_each_fault_of_the_kit_has_its_row_and_each_row_its_test():
    in_kit = {name for name in vars(GatewayFaults) if name.startswith("test_")}
    rows = {name for name, _, _ in _ROW.findall(PAGE)}
    assert rows == in_kit


def test_each_gateway_of_the_table_runs_the_kit_and_each_that_runs_it_is_there():
    head = _HEAD.search(PAGE)
    assert head is not None
    columns = [one.strip() for one in head[1].split("|")]
    folder = ROOT / "plugins" / "gateways"
    runs_it = {
        one.relative_to(folder).parts[0]
        for one in folder.glob("*/tests/test_*.py")
        if "(GatewayFaults)" in one.read_text(encoding="utf-8")
    }
    assert sorted(columns) == sorted(runs_it)
    for name, _, cells in _ROW.findall(PAGE):
        assert len(cells.split("|")) == len(columns), name
        assert all(one.strip() for one in cells.split("|")), name


def test_what_is_told_of_the_others_is_a_test_too():
    """The table of what has no provider in between: each name stands in one of the files that the page names."""
    rest = PAGE.partition("## Without a provider in between")[2]
    files = re.findall(r"`(test_\w+\.py)`", rest)
    written = "".join((ROOT / "tests" / "actions" / name).read_text(encoding="utf-8") for name in files)
    told = set(re.findall(r"`(test_\w+)`", rest))
    assert told
    assert sorted(name for name in told if f"def {name}(" not in written) == []
