"""What a panel tells of who watches now, and of what was watched."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["LiveOnLine", "LiveSession", "Viewing", "ViewingKind"]


@dataclass(frozen=True, slots=True)
class LiveSession:
    """Somebody watches now. `id` is what `kick` takes; what the panel does not say is empty."""

    id: str
    item: str
    since: datetime | None = None
    ip: str = ""
    country: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class LiveOnLine:
    """A session in a list of all that are on. Whose it is, is said as in `Viewing`; what is not known is empty."""

    session: LiveSession
    ref: str = ""
    remote_id: str = ""
    login: str = ""


class ViewingKind(StrEnum):
    """What was watched: a channel, its recording, a film, an episode, radio."""

    LIVE = "live"
    CATCHUP = "catchup"
    FILM = "film"
    EPISODE = "episode"
    RADIO = "radio"


@dataclass(frozen=True, slots=True)
class Viewing:
    """One finished session. `id` is unique on the panel for ever; `ref` is our reference where the panel holds it.

    `item` is the panel's id of what was watched and `title` its name. Instants are aware UTC.
    """

    id: str
    kind: ViewingKind
    item: str
    title: str
    began_at: datetime
    ended_at: datetime
    ref: str = ""
    remote_id: str = ""
    login: str = ""
    ip: str = ""
    country: str = ""
    device: str = ""
