"""Each of the 35 cases that hurt users elsewhere has tests by its number, and docs/pitfalls.md names one of each."""

import re
from pathlib import Path

from source_tree import ROOT, files_of_tests, functions, parsed, written

NUMBERS = range(1, 36)
_NAME = re.compile(r"test_pitfall_(\d\d)_\w+")
_ROW = re.compile(r"^\| (\d+) \|.*$", re.MULTILINE)


def named(tests: list[Path]) -> dict[int, set[str]]:
    """Number → the functions that show it."""
    found: dict[int, set[str]] = {}
    for path in tests:
        for function in functions(parsed(path)):
            if name := _NAME.fullmatch(function.name):
                found.setdefault(int(name[1]), set()).add(function.name)
    return found


def untested(known: dict[int, set[str]]) -> list[str]:
    missing = [f"pitfall {number}: no function is named test_pitfall_{number:02}_…" for number in NUMBERS]
    return [fault for number, fault in zip(NUMBERS, missing, strict=True) if number not in known]


def page_faults(text: str, known: dict[int, set[str]]) -> list[str]:
    rows = {int(row[1]): row[0] for row in _ROW.finditer(text)}
    faults = [f"pitfall {number}: docs/pitfalls.md has no row for it" for number in NUMBERS if number not in rows]
    for number, row in rows.items():
        tests = [name[0] for name in _NAME.finditer(row)]
        faults += [f"pitfall {number}: {name} is no test of it" for name in tests if name not in known.get(number, ())]
        if not tests:
            faults.append(f"pitfall {number}: its row names no test")
    return faults


def all_named() -> dict[int, set[str]]:
    house = ROOT / "tests" / "house"
    return named([path for path in files_of_tests() if not path.is_relative_to(house)])


def test_each_pitfall_has_a_test_by_its_number():
    assert untested(all_named()) == []


def test_the_page_names_a_test_of_each():
    assert page_faults((ROOT / "docs" / "pitfalls.md").read_text("utf-8"), all_named()) == []


def test_a_number_without_a_test_and_a_row_that_is_out_of_date_are_found(tmp_path):
    source = "".join(f"def test_pitfall_{number:02}_told(): ...\n" for number in NUMBERS if number != 7)
    known = named([written(tmp_path, "test_told.py", source + "def test_pitfall_7_wrong(): ...\n")])
    assert untested(known) == ["pitfall 7: no function is named test_pitfall_07_…"]
    rows = [f"| {number} | a | b | `test_pitfall_{number:02}_told` |" for number in NUMBERS if number != 3]
    rows[0], rows[1] = "| 1 | a | b | `test_pitfall_01_gone` |", "| 2 | a | b | |"
    assert page_faults("\n".join(rows), known) == [
        "pitfall 3: docs/pitfalls.md has no row for it",
        "pitfall 1: test_pitfall_01_gone is no test of it",
        "pitfall 2: its row names no test",
        "pitfall 7: test_pitfall_07_told is no test of it",
    ]
