"""`billhead plugins new`: writes a plugin that is complete but for the functions that only its author can write.

The files beside this one are the pattern: NAME in a file's name and $name, $Class, $label, $kind inside are replaced.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from billhead.domain.errors import Conflict, InvalidInput

__all__ = ["FOLDERS", "write_scaffold"]

FOLDERS = {
    "provisioning": Path("plugins"),
    "gateway": Path("plugins/gateways"),
    "tax": Path("plugins/tax"),
    "notification": Path("plugins/notifications"),
}
_HOOKS = {
    "provisioning": ("provisioning_modules", "ProvisioningModule", "Module"),
    "gateway": ("payment_gateways", "PaymentGateway", "Gateway"),
    "tax": ("tax_engines", "TaxEngine", "Tax"),
    "notification": ("notification_channels", "NotificationChannel", "Channel"),
}
_SUFFIX = ".pattern"


def write_scaffold(kind: str, name: str, into: Path | None = None) -> Path:
    """Write the distribution `billhead-<name>` into `into`/<name>; returns its folder. Nothing is ever overwritten."""
    if kind not in FOLDERS:
        raise InvalidInput("kind", f"{kind!r} is not one of {', '.join(FOLDERS)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name):
        raise InvalidInput("name", f"{name!r}: 2 to 40 small letters, digits and _, e.g. acme_tv")
    target = (into or FOLDERS[kind]) / name
    if target.exists():
        raise Conflict(f"{target} is there already", hint="choose another name, or another folder with --into")
    for path, text in _filled(kind, name):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    return target


def _filled(kind: str, name: str) -> Iterator[tuple[str, str]]:
    hook, protocol, noun = _HOOKS[kind]
    words = [word.capitalize() for word in name.split("_") if word]
    given = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "Class": "".join(words).removesuffix(noun) + noun,
        "Settings": "".join(words) + "Settings",
        "label": " ".join(words),
        "kind": kind,
        "hook": hook,
        "protocol": protocol,
        "module": noun.lower(),
    }
    for folder in ("shared", kind):
        for path, pattern in _patterns(files(__package__) / folder):
            text = Template(pattern.read_text("utf-8")).substitute(given)
            yield path.replace("NAME", name).removesuffix(_SUFFIX), text


def _patterns(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _patterns(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield path + entry.name, entry
