"""What was watched, from the portal's tables that hold when and how long.

Recordings (`played_tv_archive`) and time shift (`played_timeshift`) have a beginning and a length; a film
(`played_video`) has the moment at which it counted as watched, and no length. Live television has neither there:
`played_itv` is a moment in which a channel was on, so it tells nothing that could be counted.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from billhead.plugin import Viewing, ViewingKind
from billhead_stalker.database import PortalDatabase, aware

_WITH_LENGTH = (
    "SELECT p.id, p.ch_id, i.name, p.playtime, p.length, u.ls, u.login, u.mac FROM {table} p "
    "JOIN users u ON u.id = p.uid LEFT JOIN itv i ON i.id = p.ch_id "
    "WHERE p.length > 0 AND p.playtime + INTERVAL p.length SECOND >= %s "
    "AND p.playtime + INTERVAL p.length SECOND < %s ORDER BY p.id"
)
_FILMS = (
    "SELECT p.id, p.video_id, v.name, p.playtime, 0, u.ls, u.login, u.mac FROM played_video p "
    "JOIN users u ON u.id = p.uid LEFT JOIN video v ON v.id = p.video_id "
    "WHERE p.playtime >= %s AND p.playtime < %s ORDER BY p.id"
)
_TABLES = (
    ("archive", ViewingKind.CATCHUP, _WITH_LENGTH.format(table="played_tv_archive")),
    ("timeshift", ViewingKind.CATCHUP, _WITH_LENGTH.format(table="played_timeshift")),
    ("video", ViewingKind.FILM, _FILMS),
)
TOLD = frozenset(kind for _, kind, _ in _TABLES)


def ended_between(database: PortalDatabase, since: datetime, until: datetime) -> Iterator[Viewing]:
    """What ended in [since, until). The same row gives the same viewing, whenever it is read."""
    span = (_plain(since), _plain(until))
    for table, kind, sql in _TABLES:
        for row_id, item, title, began, seconds, number, login, mac in database.stream(sql, *span):
            yield Viewing(
                id=f"{table}-{row_id}",
                kind=kind,
                item=str(item),
                title=str(title or item),
                began_at=aware(began),
                ended_at=aware(began) + timedelta(seconds=int(seconds)),
                ref=str(number or ""),
                remote_id=str(login or mac or number or ""),
                login=str(login or ""),
            )


def _plain(instant: datetime) -> str:
    """As the database takes it; its timestamps have whole seconds, and this connection speaks UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
