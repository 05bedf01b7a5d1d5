"""Who watches on an `xui` panel now, who watched, and how a session is cut.

A kill answers success whether or not anything matched, so what is to be cut is looked for before and after. A session
gets a second number when it is logged; that one is unique in the log and is what a viewing is known by.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from billhead.plugin import LiveOnLine, LiveSession, PanelUnclear, Viewing, ViewingKind
from billhead_xtream.accounts import Row, instant_in, reference_in, text
from billhead_xtream.client import XuiClient, number
from billhead_xtream.search import pages
from billhead_xtream.transport import reading_back

_LONGEST = timedelta(days=7)  # a session that runs for longer is not looked for
_ZONES = timedelta(days=1)  # the panel's days are those of its API user's zone, which we do not know
_PATIENCE, _PAUSE = 3.0, 0.2  # seconds; a cut takes about one
_BY_START = {"order[0][column]": "7", "order[0][dir]": "asc"}

_ARCHIVE = "TV Archive"  # the container of a recording, with " (HLS)" behind it for some players
_KINDS = {1: ViewingKind.LIVE, 2: ViewingKind.FILM, 3: ViewingKind.LIVE, 4: ViewingKind.RADIO, 5: ViewingKind.EPISODE}

TOLD = frozenset(_KINDS.values())
"""A recording is logged as its channel on these panels; classic ones alone keep it apart."""


class Sessions:
    def __init__(self, client: XuiClient, what: str) -> None:
        self._client = client
        self._what = what

    def live(self, line_id: int) -> list[Row]:
        """The running sessions of this line; a build that ignores the filter shows others' too, which are left out."""
        rows = pages(self._client, "live_connections", {"user_id": str(line_id)})
        return [row for row in rows if number(row.get("user_id")) == line_id]

    def everybodys(self) -> Iterator[Row]:
        """What runs on whatever line, a thousand sessions a call; without rows that no line owns."""
        return (row for row in pages(self._client, "live_connections", {}) if number(row.get("user_id")))

    def kick(self, line_id: int, session_id: str) -> None:
        """Only a session that this line has now: a number that came back belongs to somebody else."""
        doomed = [row for row in self.live(line_id) if text(row, "activity_id") == session_id]
        if doomed and not self._cut(line_id, doomed):
            raise PanelUnclear(f"{self._what} says that it cut a session of line {line_id}, but it goes on.")

    def stop(self, line_id: int) -> list[Row]:
        """Cut all that runs on this line; the sessions that it had. Raises PanelOutcomeUnknown if one goes on."""
        with reading_back():
            running = self.live(line_id)
            if running and not self._cut(line_id, running):
                raise PanelUnclear(f"{self._what} goes on streaming to line {line_id} though it was cut.")
        return running

    def _cut(self, line_id: int, doomed: list[Row]) -> bool:
        for row in doomed:
            fields = {name: text(row, name) for name in ("activity_id", "server_id") if row.get(name) is not None}
            self._client.write("kill_connection", fields)
        numbers = {text(row, "activity_id") for row in doomed}
        with reading_back():
            return _until(lambda: not numbers & {text(row, "activity_id") for row in self.live(line_id)}, _PATIENCE)

    def wait_for_log(self, line_id: int, sessions: list[Row], seconds: int) -> None:
        """Until the panel has imported these sessions into its log, for so long at most."""
        starts = {number(row.get("date_start")) for row in sessions}
        _until(lambda: starts <= {number(row.get("date_start")) for row in self._logged(line_id)}, seconds, pause=1.0)

    def _logged(self, line_id: int) -> Iterator[Row]:
        return pages(self._client, "activity_logs", {"user": str(line_id), **_BY_START})

    def viewings(self, since: datetime, until: datetime) -> Iterator[Viewing]:
        """What ended in [since, until). The panel's range drops what crosses its edges, so a wider one is asked for."""
        first, last = since - _LONGEST - _ZONES, until + _ZONES
        fields = {"range": f"{first:%Y-%m-%d} - {last:%Y-%m-%d}", **_BY_START}
        for row in pages(self._client, "activity_logs", fields):
            viewing = viewing_in(row)
            if viewing is not None and since <= viewing.ended_at < until:
                yield viewing


def live_session_in(row: Row) -> LiveSession:
    return LiveSession(
        id=text(row, "activity_id"),
        item=text(row, "stream_display_name") or text(row, "stream_id"),
        since=instant_in(row, "date_start"),
        ip=text(row, "user_ip"),
        country=text(row, "geoip_country_code"),
        device=text(row, "user_agent"),
    )


def live_on_line(row: Row) -> LiveOnLine:
    device = _device(row)
    return LiveOnLine(
        live_session_in(row),
        ref=reference_in(text(row, "admin_notes")),  # only the database tells notes
        remote_id=device or f"line:{number(row.get('user_id'))}",
        login="" if device else text(row, "username"),
    )


def viewing_in(row: Row) -> Viewing | None:
    """None for a row that no line owns (its line was deleted) or that has no times."""
    began, ended = instant_in(row, "date_start"), instant_in(row, "date_end")
    log_number, line_id = number(row.get("activity_id")), number(row.get("user_id"))
    if began is None or ended is None or ended < began or not log_number or not line_id:
        return None
    device = _device(row)
    return Viewing(
        id=f"{log_number}.{number(row.get('date_start'))}",
        kind=_kind(row),
        item=text(row, "stream_id"),
        title=text(row, "stream_display_name"),
        began_at=began,
        ended_at=ended,
        ref=reference_in(text(row, "admin_notes")),  # only the database tells notes
        remote_id=device or f"line:{line_id}",
        login="" if device else text(row, "username"),
        ip=text(row, "user_ip"),
        country=text(row, "geoip_country_code"),
        device=text(row, "user_agent"),
    )


def _kind(row: Row) -> ViewingKind:
    if text(row, "container").startswith(_ARCHIVE):
        return ViewingKind.CATCHUP
    return _KINDS.get(number(row.get("type")) or 1, ViewingKind.LIVE)


def _device(row: Row) -> str:
    """The box or receiver, as the handle keeps it; "" for a line of its own."""
    mag_id, device_id = number(row.get("mag_id")), number(row.get("device_id"))
    return f"mag:{mag_id}" if mag_id else f"device:{device_id}" if device_id else ""


def _until(done: Callable[[], bool], seconds: float, pause: float = _PAUSE) -> bool:
    """Ask again and again until it is so, or the time is over. Asks once in any case."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True
