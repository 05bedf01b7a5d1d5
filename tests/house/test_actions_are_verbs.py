"""Every file under actions/<noun>/ has one public verb, and at most the preview of that verb beside it; what the verb
does is one row of the audit trail."""

import ast
import re
from pathlib import Path

from source_tree import CORE, ROOT, files, parsed, shown, written

TWO_ROWS = {
    "accounts/send_password_link.py",  # each login that was found is a thing of its own
    "devices/hand_out.py",  # two devices
    "documents/reissue_proforma.py",  # the old document and the new one
    "documents/split_document.py",  # the old document and the new one
    "fraud/decide_case.py",  # the case, and the subscription with what was decided
    "provisioning/swap_mac.py",  # that it was asked for, and that another box came
    "subscriptions/start_several.py",  # each subscription
    "viewings/settle_sharing.py",  # the case, and the line with what was decided
}
"""Verbs that write more than their own row, and about what."""


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


def second_rows(actions: Path) -> set[str]:
    """Files with a verb that write into the trail beside it, where `note` would tell the verb's own row."""
    found = set()
    for path in files("*/*.py", root=actions):
        text = path.read_text("utf-8")
        if re.search(r"^@verb\(", text, re.M) and "audit(" in text:
            found.add(shown(path, actions))
    return found


def test_an_act_is_one_row_of_the_trail():
    assert second_rows(CORE / "actions") == TWO_ROWS


def test_a_second_row_is_found(tmp_path):
    written(tmp_path, "payments/refund.py", '@verb("payments.refund")\ndef refund(tx):\n    audit(tx, "x", "y", {})\n')
    written(tmp_path, "payments/settle.py", '@verb("payments.settle")\ndef settle(tx):\n    note(tx, "y")\n')
    assert second_rows(tmp_path) == {"payments/refund.py"}
