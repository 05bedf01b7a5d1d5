"""Addresses as pictures for a phone's camera, drawn here: what they say is told to nobody."""

import segno
from markupsafe import Markup

__all__ = ["qr_code"]


def qr_code(address: str, title: str) -> Markup:
    """Black on white in any theme: cameras want it so."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(  # noqa: S704 drawn by us from our own address
        drawn.svg_inline(border=3, omitsize=True, dark="#000", light="#fff", svgclass="qr", title=title)
    )
