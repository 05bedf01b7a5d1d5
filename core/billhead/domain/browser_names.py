"""What a browser calls itself, in words that its owner knows: "Firefox on Linux"."""

from collections.abc import Callable

__all__ = ["device_named"]

_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("CrOS", "ChromeOS"), ("Mac OS X", "a Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device_named(user_agent: str, say: Callable[[str], str] = str) -> str:
    """ "" for nothing; a browser says what it likes, so this is a hint and no proof. `say` puts our own words into
    another language."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser and system:
        return say("%(browser)s on %(system)s") % {"browser": browser, "system": say(system)}
    return browser or say(system or ("An unknown browser" if user_agent else ""))
