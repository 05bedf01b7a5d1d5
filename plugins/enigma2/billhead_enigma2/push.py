"""The channels of a line put onto a box that can be reached: a new bouquet beside the old one, swapped at the end.

Ours are the bouquets whose file begins with `userbouquet.billhead`: what an earlier push made, or left half done, and
what the set-up script made. All of them give way to the new one when it is whole; nothing else on the box is touched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from billhead.plugin import PanelOutcomeUnknown
from billhead_enigma2.bouquet import Entry
from billhead_enigma2.openwebif import Bouquet, OpenWebif

__all__ = ["Pushed", "push"]

NEW = "Billhead new"  # the box makes the file's name from it
_OURS = re.compile(r"userbouquet\.billhead(_\w*)?\.tv")


@dataclass(frozen=True, slots=True)
class Pushed:
    model: str
    channels: int
    replaced: Sequence[str]  # files of bouquets that were ours before


def push(box: OpenWebif, name: str, entries: Sequence[Entry], *, dry_run: bool = False) -> Pushed:
    """Done again it leaves one bouquet with these channels, wherever it broke off before."""
    entries = list(dict.fromkeys(entries))  # a box refuses a channel that a bouquet has
    channels = sum(1 for entry in entries if entry.reference)
    model = box.model()
    before = _ours(box)
    if not dry_run:
        made = _made(box, before)
        _fill(box, made, entries)
        if (found := box.channels(made)) != channels:
            raise PanelOutcomeUnknown(f"the box has {found} of {channels} channels: push again")
        box.rename(made, name)
        if before:
            box.move(made, before[0].position)
        for old in before:
            box.remove(old)
        box.reload()
        if [one.file for one in _ours(box)] != [made.file]:
            raise PanelOutcomeUnknown("the box does not list the bouquet once: push again")
    return Pushed(model, channels, [one.file for one in before])


def _ours(box: OpenWebif) -> list[Bouquet]:
    return [bouquet for bouquet in box.bouquets() if _OURS.fullmatch(bouquet.file)]


def _made(box: OpenWebif, before: Sequence[Bouquet]) -> Bouquet:
    box.add_bouquet(NEW)
    files = {bouquet.file for bouquet in before}
    new = [bouquet for bouquet in _ours(box) if bouquet.file not in files]
    if len(new) != 1:
        raise PanelOutcomeUnknown("the box does not list the bouquet that it made: push again")
    return new[0]


def _fill(box: OpenWebif, bouquet: Bouquet, entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.reference:
            box.add_channel(bouquet, entry.reference, entry.name)
        else:
            box.add_marker(bouquet, entry.name)
