"""Names say what a thing is: no utils, helpers, common, misc, base, manager, handler, processor."""

import ast
import re
from collections import Counter
from pathlib import Path

from source_tree import ROOT, files_of_tests, parsed, shown, source_files, written

BANNED = ("utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "handler", "processor")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# These say nothing wherever they stand at the end of a name; "common" and "base" only when they are the whole name.
_BANNED_ENDINGS = {word for word in BANNED if word not in ("common", "base", "misc")}


def vague(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (
        "".join(words) in BANNED or words[-1].removesuffix("s") in _BANNED_ENDINGS or words[-1] in _BANNED_ENDINGS
    )


def vague_names(paths: list[Path], root: Path = ROOT) -> list[str]:
    faults = []
    for path in paths:
        faults += [
            f"{shown(path, root)}: say what {part!r} is"
            for part in (*path.relative_to(root).parts[:-1], path.stem)
            if vague(part)
        ]
        faults += [
            f"{shown(path, root)}:{node.lineno}: say what class {node.name} is"
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.ClassDef) and vague(node.name)
        ]
    return faults


def test_files_and_classes_say_what_they_are():
    assert vague_names([*source_files(), *files_of_tests()]) == []


def test_test_files_have_names_of_their_own():
    twice = [
        name
        for name, times in Counter(path.name for path in files_of_tests()).items()
        if times > 1 and name != "conftest.py"
    ]
    assert twice == []


def test_vague_names_are_found(tmp_path):
    paths = [
        written(tmp_path, "core/helpers/tax.py", "class Vault: ...\n"),
        written(tmp_path, "core/panel_utils.py", "class PanelManager: ...\nclass Base: ...\n"),
        written(tmp_path, "core/database.py", "class BaseRate: ...\nclass Handlers: ...\n"),
    ]
    assert vague_names(paths, tmp_path) == [
        "core/helpers/tax.py: say what 'helpers' is",
        "core/panel_utils.py: say what 'panel_utils' is",
        "core/panel_utils.py:1: say what class PanelManager is",
        "core/panel_utils.py:2: say what class Base is",
        "core/database.py:2: say what class Handlers is",
    ]
