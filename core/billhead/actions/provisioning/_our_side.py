"""Our side of a panel, read for a few hundred lines at a time: of 100,000 lines a comparison keeps only the ids."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._owners import owners_on
from billhead.actions.provisioning._whole_lines import NOBODYS, Turn, turn_of
from billhead.bulk import among
from billhead.db import reading
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Desired, ListedLine

__all__ = ["OurSide", "Rows", "batches"]

BATCH = 500

T = TypeVar("T")


def batches(things: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    stream = iter(things)
    while batch := list(islice(stream, size)):
        yield batch


def _is_queued() -> ColumnElement[bool]:
    """Its converge job waits, or runs."""
    key = literal("converge:") + cast(Service.id, String)
    return exists().where(Job.key == key, Job.state.in_(("queued", "running")))


@dataclass(slots=True)
class Rows:
    """The services of one batch, by what a line can be known by. `leads`: the stream lines that boxes hang on."""

    by_ref: dict[str, Row[Any]] = field(default_factory=dict)
    by_name: dict[str, Row[Any]] = field(default_factory=dict)
    leads: dict[int, Row[Any]] = field(default_factory=dict)

    def of(self, line: ListedLine) -> Row[Any] | None:
        """Without a reference of ours (wiped out, or never written) login or MAC tell; with somebody else's they do
        not."""
        if line.ref:
            return self.by_ref.get(line.ref)
        seen = line.observed
        return self.by_name.get(str(seen.login)) or self.by_name.get(str(seen.mac))


@dataclass(frozen=True, slots=True)
class OurSide:
    """Holds no session. `owners`: reseller → the panel's id, empty where the panel knows none."""

    view: PanelView
    owners: Mapping[int | None, str]
    wanted: Collection[int]  # services that are paid for, when the comparison began, and have had their turn there
    coming: int = 0  # those that were never there yet, and whose job is still to make them
    turn: Turn = NOBODYS  # those of them that are read whole

    @classmethod
    def of(cls, panel_id: int) -> "OurSide":
        begun = or_(Service.desired_from.is_(None), Service.desired_from <= clock.business_now())
        paid = and_(Service.desired_expires_at.is_not(None), begun)
        # what was there once is missed whatever is queued for it, and so is what was given up
        first = and_(Service.observed_at.is_(None), _is_queued())
        query = select(Service.id, first).where(Service.panel_id == panel_id, Service.lifecycle == "wanted", paid)
        with reading() as session:
            panel = session.get_one(Panel, panel_id)
            view, rows = panel_view(session, panel), session.execute(query).all()
            wanted = frozenset(service_id for service_id, coming in rows if not coming)
            minded = view.capabilities.bouquets and view.managed.get("bouquets") != "accept"
            turn = turn_of(panel, wanted) if minded else NOBODYS
            return cls(view, owners_on(session, view), wanted, len(rows) - len(wanted), turn)

    def rows_of(self, lines: Sequence[ListedLine]) -> Rows:
        """One query for lines with a reference, one for those without, one for leads: whatever there is of each."""
        refs = [line.ref for line in lines if line.ref]
        bare = [line.observed for line in lines if not line.ref]
        rows, table = Rows(), Service.__table__.c
        with reading() as session:
            if refs:
                found = session.execute(self._rows().where(among(table.handle, refs, session)))
                rows.by_ref = {row.handle: row for row in found}
            for column in (table.login, table.mac):
                names = [name for seen in bare if isinstance(name := getattr(seen, column.name), str) and name]
                if not names:
                    continue
                named = self._rows().where(table.lifecycle.in_(("wanted", "leaving")), among(column, names, session))
                rows.by_name.update({getattr(row, column.name): row for row in session.execute(named)})
            self._add_leads(session, rows)
        return rows

    def rows_with(self, ids: Sequence[int]) -> Rows:
        """The services of these ids, by reference."""
        rows = Rows()
        with reading() as session:
            found = session.execute(self._rows().where(among(Service.__table__.c.id, ids, session)))
            rows.by_ref = {row.handle: row for row in found}
            self._add_leads(session, rows)
        return rows

    def desired(self, row: Row[Any], rows: Rows) -> Desired:
        owner = self.owners.get(row.reseller_id, "") if self.owners else ""
        return desired_of(row, self.view, rows.leads.get(row.paired_with_id), owner=owner)

    def _rows(self) -> Select[Any]:
        # not by the index over panels, whose lines are all that there are: SQLite would walk them for each batch
        query: Select[Any] = select(*Service.__table__.c).where(Service.panel_id + 0 == self.view.id)
        if self.owners:
            query = (
                query.add_columns(Customer.reseller_id)
                .join_from(Service, Subscription)
                .join(Customer, Customer.id == Subscription.customer_id)
            )
        return query

    def _add_leads(self, session: Session, rows: Rows) -> None:
        found = [*rows.by_ref.values(), *rows.by_name.values()]
        ids = {row.paired_with_id for row in found if row.paired_with_id is not None}
        if ids and self.view.capabilities.pairs:
            wanted = self._rows().where(
                Service.lifecycle == "wanted", among(Service.__table__.c.id, sorted(ids), session)
            )
            rows.leads = {row.id: row for row in session.execute(wanted)}
