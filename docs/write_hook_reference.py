"""Writes docs/hooks.md from the hook specifications, whose docstrings are the contract."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests" / "support"))

from hook_reference import hooks  # noqa: E402  (found through the line above)

HEAD = """# Hooks

What core asks of plugins. `make docs` writes this page from `core/billhead/plugin/hookspecs.py`:
change the docstrings there.
"""


def page() -> str:
    parts = [HEAD, *(f"## `{hook.heading}`\n\n{hook.contract}\n" for hook in hooks())]
    return "\n".join(parts)


if __name__ == "__main__":
    (DOCS / "hooks.md").write_text(page(), encoding="utf-8")
