"""CI calls the README's own test command, so that a reader who types it sees what CI saw."""

import re

from source_tree import ROOT

TEST_COMMAND = "CI=true make test"


def test_ci_and_readme_name_the_same_command():
    assert TEST_COMMAND in (ROOT / "README.md").read_text("utf-8")
    assert TEST_COMMAND in (ROOT / ".ci" / "run").read_text("utf-8")


def test_a_fresh_clone_has_what_the_makefile_names():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"\b(?:requirements|docs|tests)/[\w./-]+\w", makefile))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
