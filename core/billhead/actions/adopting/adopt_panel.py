"""Read a panel's list in batches, judge each line, write down the finding and, unless it is a dry run, adopt it.

Nothing is written to the panel here. A process that dies is followed by another that skips the lines that have a
finding already; what was adopted meanwhile is ours, and told as adopted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.adopting._house import House, open_house, prices_of
from billhead.actions.adopting._judging import Judged, Refused, judge, opened
from billhead.actions.adopting._known import Names, mark_known
from billhead.actions.adopting._writing import adopt_batch
from billhead.actions.long_work import GOES_ON, told_by
from billhead.actions.provisioning._one_box import lock_macs
from billhead.crash import crash_point
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.models.adoptions import Adoption, AdoptionLine
from billhead.models.panels import Panel
from billhead.plugin import UNOBSERVABLE, Desired, Found, Handle, ListedLine

__all__ = ["adopt_panel"]

_BATCH = 200


def adopt_panel(ctx: Context, adoption_id: int) -> None:
    """Do an adoption that was asked for. What goes wrong with the panel is told in its row, never raised."""
    with told_by(lambda why: _end(ctx, adoption_id, "failed", why), "adoption", adoption_id):
        house = _begin(ctx, adoption_id)
        if house is not None:
            _read_list(ctx, house)
            _end(ctx, adoption_id, "done")


def _begin(ctx: Context, adoption_id: int) -> House | None:
    with writing(ctx) as tx:
        row = tx.session.get(Adoption, adoption_id, with_for_update=True)
        if row is None or row.state not in GOES_ON:
            return None
        row.state = "running"
        house = open_house(tx.session, row)
        if not house.view.capabilities.listing:
            raise Conflict(f"panel {house.view.code} can't list its lines: there is nothing to adopt from")
        if not row.dry_run and house.managed != house.view.managed:
            # our reference is not in these lines' notes, and is not to be put there by the next repair
            tx.session.get_one(Panel, row.panel_id, with_for_update=True).managed = dict(house.managed)
        return house


def _read_list(ctx: Context, house: House) -> None:
    with reading() as session:
        found = select(AdoptionLine.remote_id).where(AdoptionLine.adoption_id == house.adoption_id)
        done = set(session.scalars(found))
    names = Names()
    module, connection = house.view.module, house.view.connection
    for lines in _batches(module.list_lines(connection)):
        batch = []
        for line in lines:
            one = opened(house, line)
            again = names.repeated(one)
            if line.remote_id in done:
                continue
            if again:
                one.refused = Refused("repeated", f"another line of this panel has the {again}")
            batch.append(one)
        if batch and not _take(ctx, house, batch):
            return


def _batches(lines: Iterable[ListedLine]) -> Iterator[list[ListedLine]]:
    stream = iter(lines)
    while batch := list(islice(stream, _BATCH)):
        yield batch


def _take(ctx: Context, house: House, batch: Sequence[Judged]) -> bool:
    """One batch: read our side, ask the panel what its list leaves out, judge, write. False: it was called off."""
    with reading() as session:
        mark_known(session, house, [one for one in batch if one.refused is None])
        for reseller in {one.reseller for one in batch}:
            prices_of(session, house, house.resellers[reseller] if reseller else None)
    open_ones = [one for one in batch if not one.known and one.refused is None]
    _fill_in(house, open_ones)
    for one in open_ones:
        if one.refused is None:
            judge(house, one, house.prices[house.resellers[one.reseller] if one.reseller else None])
    return _record(ctx, house, batch)


def _fill_in(house: House, batch: Iterable[Judged]) -> None:
    """Where the list shows no bouquets the line itself is asked: without them no plan can be told."""
    for one in batch:
        seen = one.line.observed
        if not house.view.capabilities.bouquets or seen.bouquets is not UNOBSERVABLE or one.said.get("skip") == "yes":
            continue
        answer = house.view.module.look_up(house.view.connection, _as_it_is(one.line))
        if isinstance(answer, Found):
            one.line = replace(one.line, observed=answer.observed)
        else:
            one.refused = Refused("not_found", "it stands in the panel's list, but can't be found by itself")


def _as_it_is(line: ListedLine) -> Desired:
    seen = line.observed
    return Desired(
        handle=Handle(line.ref or "adopt", dict(seen.handle_data)),
        kind=line.kind,
        login=seen.login if isinstance(seen.login, str) else "",
        password=seen.password if isinstance(seen.password, str) else "",
        mac=seen.mac if isinstance(seen.mac, str) else None,
    )


def _record(ctx: Context, house: House, batch: Sequence[Judged]) -> bool:
    with writing(ctx) as tx:
        row = tx.session.get_one(Adoption, house.adoption_id, with_for_update=True)
        if row.state != "running":
            return False
        good = [one for one in batch if one.service is not None]
        if good and not house.dry_run:
            good = _still_free(tx, house, good)
        if good and not house.dry_run:
            adopt_batch(tx, house, good)
        tx.session.add_all([_finding(house, one) for one in batch])
        row.lines += len(batch)
        row.adopted += len(good)
        row.known += sum(one.known for one in batch)
        row.refused += sum(one.refused is not None for one in batch)
    crash_point("adopting.batch")
    return True


def _still_free(tx: Tx, house: House, good: Sequence[Judged]) -> list[Judged]:
    """Less those whose box, login or reference somebody got while they were judged."""
    lock_macs(tx.session, [one.service.mac for one in good if one.service is not None and one.service.mac])
    mark_known(tx.session, house, good)
    for one in good:
        if one.known or one.refused is not None:
            one.service = None
    return [one for one in good if one.service is not None]


def _finding(house: House, one: Judged) -> AdoptionLine:
    seen = one.line.observed
    service_id = one.service.id if one.service is not None and not house.dry_run else None
    return AdoptionLine(
        adoption_id=house.adoption_id,
        remote_id=one.line.remote_id,
        kind=one.line.kind.value,
        login=seen.login if isinstance(seen.login, str) else "",
        mac=seen.mac if isinstance(seen.mac, str) else "",
        name=one.name,
        ends_at=seen.expires_at if seen.expires_at is not UNOBSERVABLE else None,
        bouquets=" ".join(sorted(seen.bouquets)) if isinstance(seen.bouquets, frozenset) else "",
        connections=seen.connections if isinstance(seen.connections, int) else None,
        owner=seen.owner if isinstance(seen.owner, str) else "",
        plan=one.plan.plan.code if one.plan else "",
        term=one.term,
        score=one.score,
        reseller=one.reseller,
        verdict="known" if one.known else "refused" if one.refused else "adopt",
        code=one.refused.code if one.refused else "claimed" if one.claimed else "",
        reason=one.refused.why if one.refused else "",
        writes=" ".join(one.writes),
        service_id=service_id,
    )


def _end(ctx: Context, adoption_id: int, state: str, error: str = "") -> None:
    with writing(ctx) as tx:
        row = tx.session.get(Adoption, adoption_id, with_for_update=True)
        if row is not None and row.state in GOES_ON:
            row.state, row.error, row.finished_at = state, error[:1000], clock.now()
            found = select(func.count()).where(AdoptionLine.adoption_id == adoption_id)
            row.lines = tx.session.scalar(found) or 0
