"""No float in money, time and tax code: no literal, no annotation, no call, no column type."""

import ast
from collections.abc import Iterator
from pathlib import Path

from source_tree import CORE, ROOT, files, parsed, shown, written

EXACT_AREAS = ("core/billhead/domain", "core/billhead/models", "core/billhead/actions", "plugins/tax")
_FLOAT_NAMES = {"float", "Float", "Double", "REAL"}


def floats(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the literal {node.value}"
        elif isinstance(node, ast.Name) and node.id in _FLOAT_NAMES:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and node.attr in _FLOAT_NAMES:
            yield node.lineno, node.attr


def floats_in(root: Path, areas: tuple[str, ...]) -> list[str]:
    return [
        f"{shown(path, root)}:{line}: {what}; use Money, Decimal, Fraction or integers"
        for path in files(*(f"{area}/**/*.py" for area in areas), root=root)
        if "tests" not in path.relative_to(root).parts
        for line, what in sorted(floats(path))
    ]


def test_money_time_and_tax_are_exact():
    assert CORE.joinpath("domain").is_dir()
    assert floats_in(ROOT, EXACT_AREAS) == []


def test_each_way_to_a_float_is_found(tmp_path):
    written(
        tmp_path,
        "plugins/tax/eu/rates.py",
        "rate = 0.19\n\ndef tax(net: float) -> int:\n    return int(float(net))\n\ncolumn = sa.Float()\n",
    )
    lines = [fault.split(";")[0] for fault in floats_in(tmp_path, EXACT_AREAS)]
    assert lines == [
        "plugins/tax/eu/rates.py:1: the literal 0.19",
        "plugins/tax/eu/rates.py:3: float",
        "plugins/tax/eu/rates.py:4: float",
        "plugins/tax/eu/rates.py:6: Float",
    ]
