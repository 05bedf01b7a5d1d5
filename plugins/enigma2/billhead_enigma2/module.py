"""The provisioning module `enigma2`: an Xtream panel, whose lines are also told where a receiver gets its channels.

How lines and receivers come onto the panel is the module `xtream`'s. What is added: a line that is watched by login and
password (a stream, or a receiver without a MAC) has the address of its set-up script among its access details.
"""

from collections.abc import Callable
from dataclasses import replace

from billhead.plugin import Access, Desired, LineKind, PanelConnection, marked
from billhead_enigma2.delivery import Delivery
from billhead_xtream.module import XtreamModule

__all__ = ["EnigmaModule"]


class EnigmaModule(XtreamModule):
    code = "enigma2"
    label = marked("Xtream panel, with delivery to Enigma2 receivers")

    def __init__(self, delivery: Callable[[], Delivery]) -> None:
        self._delivery = delivery

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        """A MAC's line has a hidden login on the panel, hence no channels of its own to download."""
        access, delivery = super().access(panel, desired), self._delivery()
        if desired.kind is LineKind.MAG or not (access.m3u_url and delivery.ready):
            return access
        token = delivery.token(desired.handle.ref, access.password)
        return replace(access, receiver_url=delivery.address(token, "autoscript.sh"))
