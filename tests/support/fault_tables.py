"""Reads the tables of docs/fault-matrix.md, so that each plugin holds its own against the matrix that it runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"


def first_table(heading):
    """The cells of the first table under `heading` (`## stalker`, `### xui_admin`), its first row the columns."""
    if not PAGE.exists():
        pytest.skip("the plugin stands alone, without the project's docs")
    below = re.split(rf"^{re.escape(heading)}$", PAGE.read_text("utf-8"), maxsplit=1, flags=re.MULTILINE)[1]
    rows = re.search(r"^\|.*(?:\n\|.*)*", below, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("| ").split("|")] for row in (rows[0], *rows[2:])]
