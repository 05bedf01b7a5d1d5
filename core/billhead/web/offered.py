"""What plugins offer, as choices that are called in the language of the page."""

from billhead.plugin_host import plugins
from billhead.web.speaking import say

__all__ = ["offered"]


def offered(what: str) -> list[tuple[str, str]]:
    """(code, name) of each module, gateway or engine that the hook `what` gives."""
    return [(one.code, say(getattr(one, "label", one.code))) for _, one in plugins().offers(what)]
