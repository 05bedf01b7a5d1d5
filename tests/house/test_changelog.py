"""A change that a user can notice brings a fragment, named so that a release can be put together from it."""

import re
from pathlib import Path

from source_tree import ROOT, files, written

KINDS = ("added", "changed", "fixed", "removed", "security")
_NAME = re.compile(rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")


def fragment_faults(folder: Path) -> list[str]:
    return [
        f"{path.name}: name it <topic>.<{'|'.join(KINDS)}>.md and write one sentence or more, without a heading"
        for path in files("*", root=folder)
        if path.name != "README.md" and (not _NAME.fullmatch(path.name) or not _is_prose(path.read_text("utf-8")))
    ]


def _is_prose(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith(("#", "-", "*"))


def test_fragments_can_be_put_together():
    assert fragment_faults(ROOT / "changelog.d") == []


def test_a_fragment_that_a_release_would_lose_is_found(tmp_path):
    written(tmp_path, "billing-run.added.md", "The billing run.\n")
    written(tmp_path, "Billing.md", "The billing run.\n")
    written(tmp_path, "empty.fixed.md", "\n")
    written(tmp_path, "list.fixed.md", "- a bullet\n")
    assert [fault.split(":")[0] for fault in fragment_faults(tmp_path)] == [
        "Billing.md",
        "empty.fixed.md",
        "list.fixed.md",
    ]
