"""Prints the editable distributions whose folder has left this tree, for the Makefile to uninstall."""

import json
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import unquote, urlsplit


def gone() -> list[str]:
    names = []
    for distribution in distributions():
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        folder = Path(unquote(urlsplit(origin.get("url", "")).path))
        if origin.get("dir_info", {}).get("editable") and not (folder / "pyproject.toml").exists():
            names.append(distribution.metadata["Name"])
    return names


if __name__ == "__main__":
    print(*gone())
