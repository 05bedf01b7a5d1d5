"""Look who watches right now: all at once where the panel lists that, else on some of its lines, others each hour."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import select

from billhead import clock
from billhead.actions.access._live import NO_ANSWER, Asking, asked_of, told
from billhead.actions.usage._lines import epoch
from billhead.actions.viewings._looks import looks_at, may_be_on
from billhead.actions.viewings._sightings import keep_sightings
from billhead.actions.viewings._whose import lines_of
from billhead.bulk import among
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import LiveOnLine, LiveSession

__all__ = ["look_live"]

_BATCH = 500


def look_live(ctx: Context, panel_id: int) -> int:
    """How many lines were looked at, or seen on where all are listed: none where the panel does not tell, rests, or
    gives no answer."""
    askings = _askings(ctx, panel_id)
    if askings and askings[0].view.capabilities.live_listing:
        return _look_everywhere(ctx, panel_id, askings[0])
    seen: dict[int, Sequence[LiveSession]] = {}
    for asking in askings:
        answer = told(asking, _sessions)
        if answer == NO_ANSWER:
            break
        if not isinstance(answer, str):
            seen[asking.service_id] = answer
    with writing(ctx) as tx:
        for service_id, sessions in seen.items():
            keep_sightings(tx, panel_id, service_id, sessions)
    return len(seen)


def _askings(ctx: Context, panel_id: int) -> list[Asking]:
    """Those whose turn it is in this hour, of all that may be watched now; one where all are listed in any case."""
    with reading() as session:
        looks = looks_at(session, session.get_one(Panel, panel_id))
        if looks is None:
            return []
        running = select(Service).where(*may_be_on(panel_id)).order_by(Service.id)
        if looks.all_at_once:
            rows = session.scalars(running.limit(1)).all()
        else:
            turn = Service.id % looks.hours == epoch(clock.business_now()) // 3600 % looks.hours
            rows = session.scalars(running.where(turn).limit(2 * looks.each_hour)).all()
        tx = Tx(ctx, session)
        asked = [one for one in (asked_of(tx, row) for row in rows) if isinstance(one, Asking)]
    return [one for one in asked if one.view.capabilities.live]


def _sessions(asking: Asking) -> tuple[LiveSession, ...]:
    return tuple(asking.view.module.live_sessions(asking.view.connection, asking.desired))


def _everybodys(asking: Asking) -> tuple[LiveOnLine, ...]:
    return tuple(asking.view.module.live_everywhere(asking.view.connection))


def _look_everywhere(ctx: Context, panel_id: int, asking: Asking) -> int:
    answer = told(asking, _everybodys)
    if isinstance(answer, str):
        return 0
    on, lines = iter(answer), set[int]()
    while batch := list(islice(on, _BATCH)):
        with writing(ctx) as tx:
            seen: dict[int, list[LiveSession]] = defaultdict(list)
            for one, service_id in zip(batch, lines_of(tx.session, panel_id, batch), strict=True):
                seen[service_id].append(one.session)
            wanted = among(Service.id, sorted(seen), tx.session), Service.lifecycle == "wanted"
            for service_id in tx.session.scalars(select(Service.id).where(*wanted)).all():
                keep_sightings(tx, panel_id, service_id, seen[service_id])
                lines.add(service_id)
    return len(lines)
