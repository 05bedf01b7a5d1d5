"""Look through what was watched for lines that look shared, and put them up for review."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, union

from billhead import clock
from billhead.actions.usage._lines import epoch
from billhead.actions.viewings._cutting import is_being_cut
from billhead.actions.viewings._out_of_reach import out_of_reach
from billhead.actions.viewings._sightings import sessions_seen
from billhead.actions.viewings.settle_sharing import settle_sharing
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.sharing import Finding, Session, judge
from billhead.domain.watching import WatchingRules, rules_from
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import LiveSighting, SharingCase, Viewing

__all__ = ["find_sharing"]

_BATCH = 500
_QUIET = timedelta(days=14)
"""What somebody has settled is not put up again for so long."""


def find_sharing(tx: Tx, after: int = 0) -> int:
    """The next lines by id, by what ended and by what was seen to go on; returns the last one, 0 when all were looked
    at. A fixed number of queries a batch.

    Nothing happens to a line by itself unless its seller has said so.
    """
    session, now = tx.session, epoch(clock.business_now())
    sellers = {key: rules_from(stored) for key, stored in session.execute(select(Seller.id, Seller.watching))}
    longest = max((rules.window_hours for rules in sellers.values()), default=24)
    since = now - longest * 3600
    ended = select(Viewing.service_id).where(Viewing.service_id > after, Viewing.began >= since)
    going_on = select(LiveSighting.service_id).where(LiveSighting.service_id > after, LiveSighting.seen >= since)
    both = union(ended, going_on).subquery()
    watched = select(both.c.service_id).order_by(both.c.service_id).limit(_BATCH)
    ids: list[int] = list(session.scalars(watched))
    if not ids:
        return 0
    seen: dict[int, list[Session]] = defaultdict(list)
    rows = select(Viewing.service_id, Viewing.began, Viewing.ended, Viewing.ip, Viewing.country)
    for row in session.execute(rows.where(among(Viewing.service_id, ids, session), Viewing.began >= since)):
        seen[row.service_id].append(Session(row.began, row.ended, row.ip, row.country))
    for service_id, sessions in sessions_seen(tx, ids, since, seen).items():
        seen[service_id] += sessions
    lines = session.execute(
        select(Service.id, Service.desired_connections, Subscription.seller_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(among(Service.id, ids, session), Service.lifecycle == "wanted")
    )
    cases = _cases(tx, ids)
    for service_id, connections, seller_id in lines:
        rules = sellers[seller_id]
        within = [one for one in seen[service_id] if one.ended >= now - rules.window_hours * 3600]
        finding = judge(within, connections, rules)
        if finding.score >= rules.review_from:
            _put_up(tx, service_id, finding, cases.get(service_id), rules)
    return ids[-1]


def _cases(tx: Tx, services: list[int]) -> dict[int, SharingCase]:
    """The newest of each line."""
    query = select(SharingCase).where(among(SharingCase.service_id, services, tx.session)).order_by(SharingCase.id)
    return {case.service_id: case for case in tx.session.scalars(query)}


def _put_up(tx: Tx, service_id: int, finding: Finding, case: SharingCase | None, rules: WatchingRules) -> None:
    now = clock.business_now()
    if case is not None and case.settled_at is not None:
        if case.settled_at > now - _QUIET:
            return
        case = None
    if case is None:
        case = SharingCase(service_id=service_id, score=0, found_at=now, seen_at=now)
        tx.session.add(case)
    if finding.score >= case.score:
        case.score, case.reasons = finding.score, finding.reasons
    case.seen_at = now
    tx.session.flush()
    if rules.acts_by_itself and case.score >= rules.acts_from:
        if rules.acts_by_itself in out_of_reach(tx.session, tx.session.get_one(Service, service_id)):
            return  # left open: a person decides what else is done
        if is_being_cut(tx.session, service_id):
            return  # decided already: it is settled when they are out
        by_itself = Tx(replace(tx.ctx, reason=f"by itself, at a score of {case.score}"), tx.session)
        settle_sharing(by_itself, case.id, rules.acts_by_itself)
