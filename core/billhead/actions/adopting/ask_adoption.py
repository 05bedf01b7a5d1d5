"""Ask for a panel's lines to be adopted, or for a dry run that shows what would be."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.adopting._wish import AdoptionWish, check_wish, read_mapping
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.adoptions import Adoption
from billhead.models.panels import Panel

__all__ = ["AdoptionAsked", "AdoptionWish", "ask_adoption"]


@dataclass(frozen=True, slots=True)
class AdoptionAsked:
    adoption_id: int


@verb("panels.adopt", permission="panels.write")
def ask_adoption(
    tx: Tx,
    panel_id: int,
    wish: AdoptionWish,
    *,
    dry_run: bool,
    mapping: str = "",
    like: int | None = None,
    queue: bool = True,
) -> AdoptionAsked:
    """A job reads the panel's list, or with `queue` False the caller itself. `mapping` is the operator's file as text;
    `like` takes it over from an earlier adoption of this panel instead.

    Raises InvalidInput, NotFound, or Conflict while another one of this panel goes on, or where lines of another
    Billhead would be taken that no dry run has counted.
    """
    session = tx.session
    panel = session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise NotFound("panel", panel_id)
    goes_on = select(Adoption.id).where(Adoption.panel_id == panel_id, Adoption.state.in_(["queued", "running"]))
    if session.scalar(goes_on) is not None:
        raise Conflict(f"an adoption of {panel.name} goes on already", hint="wait for it, or call it off")
    check_wish(session, panel.seller_id, wish)
    counted = select(Adoption.id).where(Adoption.panel_id == panel_id, Adoption.dry_run, Adoption.state == "done")
    if wish.take_claimed and not dry_run and session.scalar(counted.limit(1)) is None:
        why = f"nobody has seen yet how many lines of {panel.name} another Billhead claims"
        raise Conflict(why, code="not_counted", hint="do a dry run first: it counts them")
    earlier = session.get(Adoption, like) if like is not None else None
    if like is not None and (earlier is None or earlier.panel_id != panel_id):
        raise NotFound("adoption of this panel", like)
    last = select(Adoption.lines).where(Adoption.panel_id == panel_id, Adoption.state == "done")
    row = Adoption(
        panel_id=panel_id,
        dry_run=dry_run,
        wish=wish.as_json(),
        mapping=earlier.mapping if earlier else read_mapping(session, panel.seller_id, mapping) if mapping else {},
        expected=session.scalar(last.order_by(Adoption.id.desc()).limit(1)) or panel.reconcile_report.get("lines", 0),
        asked_by=tx.ctx.actor,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    if queue:
        enqueue(tx, "panels.adopt", {"adoption_id": row.id}, key=f"adoption:{row.id}", lane=f"adoption:{panel_id}")
    return AdoptionAsked(row.id)
