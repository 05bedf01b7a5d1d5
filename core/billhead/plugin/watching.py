"""What a panel tells of who watches now, of what was watched, and of the device itself; and what a box can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = ["BoxCommand", "LiveOnLine", "LiveSession", "Proof", "Viewing", "ViewingKind"]


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


class BoxCommand(StrEnum):
    """What a box can be told to do. It hears of it when it asks its portal next; one that is off may never do.

    PLAY and RADIO name a channel: its number on the box's screen.
    """

    RESTART = "restart"
    RELOAD = "reload"
    CHANNELS = "channels"
    MENU = "menu"
    UPDATE = "update"
    CUT_OFF = "cut_off"
    PLAY = "play"
    RADIO = "radio"

    @property
    def names_channel(self) -> bool:
        return self in (BoxCommand.PLAY, BoxCommand.RADIO)


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of asking as the line's own box or player would. `said` is a sentence for staff.

    `serves`: it is let in, or turned away; None where that could not be told. `facts` is what the panel knows of the
    device, label → value. `disturbs`: it was not asked because the device is on and would lose its session by it.
    """

    serves: bool | None
    said: str
    facts: Mapping[str, str] = field(default_factory=dict)
    disturbs: bool = False
