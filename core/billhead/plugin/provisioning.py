"""What a middleware module is asked: where is this line, what differs from what we want, and make it so.

Core never says "suspend" or "renew". It calls `look_up`, hands the result to `plan` (pure) and applies the steps one by
one, reading back after each. A retry is the same three calls again, hence safe.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from billhead.domain.errors import InvalidInput, PanelRejected
from billhead.plugin.http import HttpClient
from billhead.plugin.purchasing import Due, Package, Resolution
from billhead.plugin.watching import BoxCommand, LiveOnLine, LiveSession, Proof, Viewing, ViewingKind

__all__ = [
    "COMPARED",
    "UNOBSERVABLE",
    "Absent",
    "Access",
    "Ambiguous",
    "CannotTell",
    "Capabilities",
    "Catalogue",
    "Desired",
    "Expiry",
    "Foreign",
    "Found",
    "Free",
    "Gone",
    "Handle",
    "Impossible",
    "LineKind",
    "ListedLine",
    "LookUp",
    "Observed",
    "Owner",
    "PanelConnection",
    "ProvisioningModule",
    "Purchase",
    "Step",
    "Tombstone",
    "Unobservable",
    "diff",
    "merge",
]


class Unobservable(Enum):
    """The type of UNOBSERVABLE, for annotations and narrowing."""

    UNOBSERVABLE = "unobservable"

    def __repr__(self) -> str:
        return "UNOBSERVABLE"


UNOBSERVABLE: Final = Unobservable.UNOBSERVABLE
"""The panel does not say. Such a field is never compared, hence never "repaired"."""


class LineKind(StrEnum):
    """What watches: a stream login (M3U), a MAG box on a portal, an Enigma2 receiver."""

    STREAM = "stream"
    MAG = "mag"
    ENIGMA2 = "enigma2"


class Expiry(StrEnum):
    """Can the module write an expiry (settable), must it buy one (purchased), or does the panel ignore it?"""

    SETTABLE = "settable"
    PURCHASED = "purchased"
    NOT_ENFORCED = "not_enforced"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this module can do on this panel. Whatever it is, core runs one write at a time per panel.

    `pairs`: a box or receiver can hang on a stream line and follow it. `owners`: the panel knows resellers, and a
    line belongs to one; `owner_credits`: we may change what credit they have there. `countries`: a line can be held
    to one country. `balance`: the panel sells to us and tells how much credit is left. `viewings`: the kinds of what
    was watched that can be read; `live`: what is being watched, `live_listing`: on all lines at once, and `kick`:
    cut. `messages`: a text can be put on a box's screen, `message_videos`: with a video, `commands`: what a box can
    be told to do. `proof`: a line can be asked for as its own box or player does. `lacks`: sentences for staff that
    say what this panel can't do as it is set up, and what would bring it.
    """

    expiry: Expiry
    kinds: frozenset[LineKind]
    bouquets: bool = False
    connections: bool = False
    listing: bool = False
    pairs: bool = False
    owners: bool = False
    owner_credits: bool = False
    countries: bool = False
    balance: bool = False
    viewings: frozenset[ViewingKind] = frozenset()
    live: bool = False
    live_listing: bool = False
    kick: bool = False
    messages: bool = False
    message_videos: bool = False
    commands: frozenset[BoxCommand] = frozenset()
    proof: bool = False
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handle:
    """How a line is found again. `ref` is ours: at most 11 characters of one-case base32, never "0".

    `data` belongs to the module (ids on the panel); core stores what `Observed.handle_data` returned last.
    """

    ref: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desired:
    """What the customer should have. Instants are aware UTC; `expires_at` None = never; `mac` is AA:BB:CC:DD:EE:FF.

    `plan` is the plan's name on panels that know plans, `bouquets` are the panel's own bouquet ids, in no order.
    `previous_password` is set while a password change is on its way (dialects that identify a line by its password):
    it was in step last. `passwords_between` were wanted after it, and the panel may have taken any of them.
    `pair` is the stream line that a box or receiver hangs on, `owner` the panel's own id of the reseller it belongs to;
    both only where the panel can. An empty `owner` is no wish: whoever has the line keeps it. `country` (ISO 3166) is
    the only one in which the line may be watched, "" anywhere, None no wish. `due` is set only where expiry is
    purchased.
    """

    handle: Handle
    kind: LineKind
    login: str
    password: str = field(repr=False)
    mac: str | None = None
    plan: str = ""
    bouquets: frozenset[str] = frozenset()
    connections: int = 1
    expires_at: datetime | None = None
    blocked: bool = False
    trial: bool = False
    note: str = ""
    previous_password: str | None = field(default=None, repr=False)
    passwords_between: tuple[str, ...] = field(default=(), repr=False)
    pair: Handle | None = None
    owner: str = ""
    country: str | None = None
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What the panel says. A field is a value or UNOBSERVABLE; `handle_data` is kept for the next look-up."""

    handle_data: Mapping[str, Any] = field(default_factory=dict)
    login: str | Unobservable = UNOBSERVABLE
    password: str | Unobservable = field(default=UNOBSERVABLE, repr=False)
    mac: str | Unobservable | None = UNOBSERVABLE
    plan: str | Unobservable = UNOBSERVABLE
    bouquets: frozenset[str] | Unobservable = UNOBSERVABLE
    connections: int | Unobservable = UNOBSERVABLE
    expires_at: datetime | Unobservable | None = UNOBSERVABLE
    blocked: bool | Unobservable = UNOBSERVABLE
    owner: str | Unobservable = UNOBSERVABLE
    country: str | Unobservable = UNOBSERVABLE
    follows: str | Unobservable = UNOBSERVABLE  # `remote_id` of the line that a box hangs on; not compared
    banned: bool = False  # by the panel's own staff: reported, not ours to lift


@dataclass(frozen=True, slots=True)
class Found:
    """The line is there, and this is what the panel says of it."""

    observed: Observed


@dataclass(frozen=True, slots=True)
class Absent:
    """Proven: the panel answered and the line is not there. Only then may a create be planned."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The search may have failed or was incomplete: neither found nor proven absent. Nothing is created."""

    why: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one line answers to the handle: a person decides."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """The name or MAC is taken by a line that is not ours."""

    why: str


LookUp = Found | Absent | CannotTell | Ambiguous | Foreign


@dataclass(frozen=True, slots=True)
class Free:
    """A step that costs nothing and may be repeated. `changes` names the Desired fields that it brings in step."""

    op: str
    desired: Desired
    found: Observed | None = None
    changes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Purchase:
    """A step that spends our credit at an upstream panel; amounts in the panel's credits, two decimals.

    `found` is the line as it was before, None where there was none. `balance_minor` is set by core: what our credit
    would be if this had not been bought, None where the panel does not tell.
    """

    package: str
    max_cost_minor: int
    effect: str
    desired: Desired
    found: Observed | None = None
    balance_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Impossible:
    """This panel can't give what is wanted: `field` and `why` are shown to staff."""

    field: str
    why: str


Step = Free | Purchase | Impossible


@dataclass(frozen=True, slots=True)
class Gone:
    """The line is not on the panel any more, or never was."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The line can't be deleted here, but it is blocked and will not serve again."""

    why: str


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of `list_lines`. `ref` is our reference where the panel holds it, else "".

    `name` is who it belongs to and `note` what the panel's staff wrote about it, where the panel keeps such a thing.
    """

    ref: str
    remote_id: str
    kind: LineKind
    observed: Observed
    name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Plans and bouquets that the panel offers (remote id → name), and where expiry is purchased, what it sells.

    `contents`: what a bouquet holds, by the ids that `Viewing.item` has. One that is left out is not known.
    """

    plans: Mapping[str, str]
    bouquets: Mapping[str, str]
    packages: Mapping[str, Package] = field(default_factory=dict)
    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """What the customer needs to watch. URLs are absolute; empty where the line has no such thing.

    `receiver_url`: a script that sets up an Enigma2 receiver.
    """

    login: str = ""
    password: str = field(default="", repr=False)
    portal_url: str = ""
    m3u_url: str = field(default="", repr=False)
    epg_url: str = field(default="", repr=False)
    server_url: str = ""
    mac: str = ""
    receiver_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Owner:
    """A reseller as the panel knows it; `credits_minor` (two decimals) is None where the panel counts none."""

    remote_id: str
    name: str
    credits_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PanelConnection:
    """One panel as a module sees it: its settings (the module's own dataclass, secrets in clear) and an HTTP client."""

    code: str
    settings: Any
    http: HttpClient


@runtime_checkable
class ProvisioningModule(Protocol):
    """A vendor. Stateless: everything about a panel comes in its PanelConnection.

    Subclass it: the abstract methods are the ones to write, the others serve most modules as they stand.

    Errors of every call: PanelUnreachable (nothing was sent or nothing came back from a read: retry),
    PanelOutcomeUnknown (a write may have happened: look up, then retry), PanelUnclear (the same, though the panel
    answered: no other line waits for it), PanelRejected (the panel said no: show staff), PanelFull, PanelOutOfCredit
    (our credit there does not pay for it), NotAuthorised (credentials or allow-list: pause the panel).
    """

    code: str
    label: str
    settings_type: type

    @abstractmethod
    def capabilities(self, panel: PanelConnection) -> Capabilities:
        """What is possible on this panel. No network."""

    @abstractmethod
    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        """Find the line of `desired.handle`: by the ids in `handle.data`, else by our reference, else by login or MAC.

        Absent only if the panel proved it; a search that may have failed is CannotTell.
        """

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Step]:
        """The steps from `found` (None = absent) to `desired`. Pure; [] = in step. `diff` serves most modules."""
        return diff(desired, found)

    @abstractmethod
    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        """Do one free step, read it back and return what the panel says now. Idempotent."""

    @abstractmethod
    def remove(self, panel: PanelConnection, desired: Desired) -> Gone | Tombstone:
        """End the line. Idempotent: a line that is not there is Gone."""

    @abstractmethod
    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        """Addresses and credentials for the customer. No network."""

    @abstractmethod
    def check(self, panel: PanelConnection) -> str:
        """One call that proves address and credentials; returns a sentence for staff, e.g. "12 plans, 340 lines"."""

    def left_open(self, settings: Any) -> bool:
        """Whether the operator left a setting to this module to find out (`auto`). No network."""
        return False

    def find_out(self, panel: PanelConnection) -> Mapping[str, Any]:
        """Settings that were left open, as the panel answers now; {} where it does not tell. Reads only.

        Core asks when the panel is set up and at each check, and stores the answer: from then on it is a setting.
        """
        return {}

    def list_lines(self, panel: PanelConnection) -> Iterable[ListedLine]:
        """Every line of the panel, streamed. Called only with `capabilities().listing`."""
        raise PanelRejected(f"{self.label} can't list its lines")

    def handle_for(self, panel: PanelConnection, desired: Desired, number: str) -> Mapping[str, Any]:
        """`handle.data` of the line that has this number on the panel, as a person read it there. No network:
        `look_up` is asked with it, and says whose line it is.

        Raises InvalidInput("number", …) for what can be none here.
        """
        raise InvalidInput("number", f"{self.label} finds its lines without a number")

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        """Plans and bouquets as the panel names them; empty where it knows none."""
        return Catalogue({}, {})

    def owners(self, panel: PanelConnection) -> Sequence[Owner]:
        """The resellers that the panel knows. Called only with `capabilities().owners`."""
        raise PanelRejected(f"{self.label} knows no resellers")

    def change_credits(self, panel: PanelConnection, owner: Owner, amount_minor: int, reason: str) -> Owner:
        """Give a reseller credits there, or take them (negative): once, and read back. `owner` is as it was read last:
        where it has another credit by now nothing is sent (PanelRejected). Only with `capabilities().owner_credits`.
        """
        raise PanelRejected(f"{self.label} keeps no credits of resellers")

    def balance(self, panel: PanelConnection) -> int:
        """Our own credit at the panel, two decimals. Called only with `capabilities().balance`."""
        raise PanelRejected(f"{self.label} keeps no credit for us")

    def viewings(self, panel: PanelConnection, since: datetime, until: datetime) -> Iterable[Viewing]:
        """What ended in [since, until), streamed, in any order. Called only with `capabilities().viewings`.

        A panel that imports late or cuts at midnight is asked for more; what is told twice is counted once.
        """
        raise PanelRejected(f"{self.label} does not tell what was watched")

    def live_sessions(self, panel: PanelConnection, desired: Desired) -> Sequence[LiveSession]:
        """Who watches on this line now. Called only with `capabilities().live`."""
        raise PanelRejected(f"{self.label} does not tell who watches")

    def live_everywhere(self, panel: PanelConnection) -> Iterable[LiveOnLine]:
        """Who watches now, on any line: streamed, in a few calls. Called only with `capabilities().live_listing`."""
        raise PanelRejected(f"{self.label} tells who watches line by line")

    def kick(self, panel: PanelConnection, desired: Desired, session_id: str) -> None:
        """Cut one session of this line, and of no other. Idempotent. Called only with `capabilities().kick`."""
        raise PanelRejected(f"{self.label} can't cut a session")

    def show_message(self, panel: PanelConnection, desired: Desired, text: str, video: str = "") -> None:
        """Put a text on the screen of this line's box. Called only with `capabilities().messages`, and with the
        address of a `video` that goes with it only with `capabilities().message_videos`."""
        raise PanelRejected(f"{self.label} shows no messages")

    def command(
        self, panel: PanelConnection, desired: Desired, command: BoxCommand, channel: int | None = None
    ) -> None:
        """Tell this line's box to do something, once. Called only with one of `capabilities().commands`, and with a
        channel's number for those that name one."""
        raise PanelRejected(f"{self.label} tells boxes nothing")

    def prove(self, panel: PanelConnection, desired: Desired, *, disturb: bool = False) -> Proof:
        """Ask as this line's own box or player would: is it let in? Called only with `capabilities().proof`.

        Nothing may come of it on the panel but a new session. Where that would end the one of a device that is on,
        it is asked with `disturb` alone; without it the answer is a Proof with `disturbs`.
        """
        raise PanelRejected(f"{self.label} can't be asked as a box or player")

    def buy(self, panel: PanelConnection, purchase: Purchase) -> Observed:
        """Spend, once: create the line with the package, or buy the package for the line that is there; read back.

        Core has recorded the purchase and calls this a single time for it. PanelOutcomeUnknown says that it may have
        happened; every other error of a panel, that it proves nothing was bought. Only where expiry is purchased.
        """
        raise PanelRejected(f"{self.label} sells nothing: its expiry is not purchased")

    def resolve(self, panel: PanelConnection, purchase: Purchase) -> Resolution:
        """Find out whether a purchase of unknown outcome happened, without buying: compare the line with
        `purchase.found` and our credit with `purchase.balance_minor`. What does not add up is STILL_UNKNOWN."""
        raise PanelRejected(f"{self.label} sells nothing: its expiry is not purchased")


COMPARED = ("login", "password", "mac", "plan", "bouquets", "connections", "expires_at", "blocked", "owner", "country")
_NO_WISH: Mapping[str, Any] = {"owner": "", "country": None}  # the panel keeps what it has


def diff(
    desired: Desired, found: Observed | None, *, normalise: Callable[[Desired], Desired] | None = None
) -> Sequence[Step]:
    """The ready field-by-field plan: one `create`, one `update` that names the fields that differ, or nothing.

    `normalise` turns desired into what the panel can say (whole days, one connection on a MAG) before comparing; the
    steps carry the normalised Desired. UNOBSERVABLE fields are not compared.
    """
    wanted = normalise(desired) if normalise else desired
    if found is None:
        return [Free("create", wanted)]
    differing = frozenset(
        name
        for name in COMPARED
        if getattr(found, name) is not UNOBSERVABLE
        and getattr(found, name) != getattr(wanted, name)
        and not (name in _NO_WISH and getattr(wanted, name) == _NO_WISH[name])
    )
    return [Free("update", wanted, found, differing)] if differing else []


def merge(older: Observed, newer: Observed) -> Observed:
    """`newer`, with the fields that it could not observe taken from `older`."""
    known = {
        f.name: getattr(older, f.name)
        for f in fields(Observed)
        if getattr(newer, f.name) is UNOBSERVABLE and getattr(older, f.name) is not UNOBSERVABLE
    }
    return replace(newer, **known)
