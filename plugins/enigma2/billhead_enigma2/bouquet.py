"""A receiver's bouquet file (userbouquet.NAME.tv), and the script that puts it there.

    #NAME Television
    #SERVICE 1:64:1:0:0:0:0:0:0:0::News
    #DESCRIPTION News
    #SERVICE 4097:0:1:0:0:0:0:0:0:0:http%3a//tv.example/live/ann/secret/7.ts:One
    #DESCRIPTION One

A line is a record and colons part its fields, so that neither may stand in a name.
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from billhead.plugin import Access
from billhead_enigma2.channels import Channel

__all__ = ["FILE", "Entry", "autoscript", "bouquet", "entries"]

FILE = "userbouquet.billhead.tv"


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel with its `reference`, which holds the line's access; or a marker, which has none."""

    name: str
    reference: str = field(default="", repr=False)


def entries(line: Access, channels: Iterable[Channel], service_type: int) -> Iterator[Entry]:
    """Channels in the panel's order, with a marker where another category begins."""
    category = None
    user, password = quote(line.login, safe=""), quote(line.password, safe="")
    for channel in channels:
        if channel.category != category:
            category = channel.category
            if category:
                yield Entry(_plain(category))
        stream = f"{line.server_url}/live/{user}/{password}/{channel.id}.ts".replace(":", "%3a")
        yield Entry(_plain(channel.name), f"{service_type}:0:1:0:0:0:0:0:0:0:{stream}")


def bouquet(name: str, line: Access, channels: Iterable[Channel], service_type: int) -> str:
    rows, markers = [f"#NAME {_plain(name)}"], 0
    for entry in entries(line, channels, service_type):
        if entry.reference:
            rows.append(f"#SERVICE {entry.reference}:{entry.name}")
        else:
            markers += 1
            rows.append(f"#SERVICE 1:64:{markers:X}:0:0:0:0:0:0:0::{entry.name}")
        rows.append(f"#DESCRIPTION {entry.name}")
    return "\n".join(rows) + "\n"


def autoscript(address: str) -> str:
    """For the shell of a receiver. It replaces our bouquet alone, and leaves the old one where a download failed."""
    entry = f'#SERVICE 1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "{FILE}" ORDER BY bouquet'
    return f"""#!/bin/sh
# Puts your channels on this receiver. Run it again to have them anew. Keep it to yourself: it holds your access.
dir=/etc/enigma2
new=$dir/.{FILE}.new
wget -q -O "$new" {shlex.quote(address)} || {{ rm -f "$new"; echo "The channels could not be downloaded."; exit 1; }}
grep -q '^#NAME' "$new" || {{ rm -f "$new"; echo "This was no list of channels."; exit 1; }}
mv "$new" "$dir/{FILE}"
sed -i '/"userbouquet\\.billhead_[^"]*\\.tv"/d' "$dir/bouquets.tv" 2>/dev/null
rm -f "$dir"/userbouquet.billhead_*.tv
grep -q '{FILE}' "$dir/bouquets.tv" 2>/dev/null || echo {shlex.quote(entry)} >> "$dir/bouquets.tv"
wget -q -O /dev/null 'http://127.0.0.1/web/servicelistreload?mode=0' || echo "Restart the receiver to see them."
echo "Done."
"""


def _plain(text: str) -> str:
    words = "".join(sign if sign.isprintable() else " " for sign in text).replace(":", " ")
    return " ".join(words.split())[:120] or "?"
