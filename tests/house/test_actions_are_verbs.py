"""Every file under actions/<noun>/ has one public verb, and at most the preview of that verb beside it."""

import ast
from pathlib import Path

from source_tree import CORE, ROOT, files, parsed, shown, written


def public_functions(path: Path) -> list[str]:
    return [
        node.name
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]


def verb_faults(actions: Path, root: Path = ROOT) -> list[str]:
    faults = []
    for path in files("*/*.py", root=actions):
        if path.name.startswith("_"):  # __init__, and what the verbs of the folder share
            continue
        public = public_functions(path)
        verbs = [name for name in public if not name.startswith("preview")]
        previews = len(public) - len(verbs)
        if len(verbs) != 1 or previews > 1:
            has = ", ".join(public) or "no public function"
            faults.append(f"{shown(path, root)}: has {has}; one verb a file, and its preview")
    return faults


def test_an_action_file_has_one_verb():
    assert verb_faults(CORE / "actions") == []


def test_a_second_verb_and_a_missing_one_are_found(tmp_path):
    written(tmp_path, "payments/refund.py", "def refund(tx): ...\ndef preview_refund(tx): ...\ndef _fee(): ...\n")
    written(tmp_path, "payments/settle.py", "def settle(tx): ...\ndef settle_all(tx): ...\n")
    written(tmp_path, "payments/words.py", "class Word: ...\n")
    assert [fault.split(";")[0] for fault in verb_faults(tmp_path, tmp_path)] == [
        "payments/settle.py: has settle, settle_all",
        "payments/words.py: has no public function",
    ]
