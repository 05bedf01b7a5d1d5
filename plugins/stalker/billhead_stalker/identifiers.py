"""Who is meant in a URL. An empty identifier or 0 would mean everybody there, a comma several: such a thing can't be
made at all, and a call about one account takes nothing else.
"""

import re
from dataclasses import dataclass

from billhead.plugin import PanelRejected

LONGEST_NUMBER = 11  # from 12 characters on most resources take a number for a MAC
_SAFE = re.compile(r"(?!\.+$)[A-Za-z0-9._@:-]{1,64}")
_NUMBER = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_NUMBER}}}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


def is_number(text: str) -> bool:
    """Can every resource find an account by this account number?"""
    return _NUMBER.fullmatch(text) is not None and text != "0"


def is_login(text: str) -> bool:
    """Can `users` find an account by this login? "0" means everybody, and a long one with a colon is read as a MAC."""
    return _SAFE.fullmatch(text) is not None and text != "0" and not (len(text) >= 12 and ":" in text)


def same(one: str, other: str) -> bool:
    """Equal as the portal's database compares: without regard to case and spaces at the end."""
    return one.rstrip(" ").casefold() == other.rstrip(" ").casefold()


@dataclass(frozen=True, slots=True)
class Somebody:
    """One account number, login or MAC. Raises PanelRejected for everything that could mean more or someone else."""

    text: str

    def __post_init__(self) -> None:
        if _SAFE.fullmatch(self.text) is None or self.text == "0":
            raise PanelRejected(
                f"The portal can't be asked for {self.text!r}",
                hint="Account numbers and logins are letters, digits and . _ @ - there, and never 0.",
            )

    @property
    def is_mac(self) -> bool:
        return _MAC.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class OneBox(Somebody):
    """What the resources about boxes understand: a short number, or a MAC. Twelve characters are a MAC to them."""

    def __post_init__(self) -> None:
        Somebody.__post_init__(self)
        if not is_number(self.text) and not self.is_mac:
            raise PanelRejected(
                f"The portal can't be asked for {self.text!r}: it is no account number of at most {LONGEST_NUMBER} "
                "letters and digits, and no MAC"
            )
