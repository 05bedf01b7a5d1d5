"""The module that docs/write-a-module.md shows: what the page says is what the tests run."""

import re

from source_tree import ROOT


def module_of_the_guide() -> str:
    page = (ROOT / "docs" / "write-a-module.md").read_text("utf-8")
    module, _its_test = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return module
