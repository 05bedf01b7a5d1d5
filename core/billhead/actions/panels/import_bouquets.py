"""Bring a panel's bouquets into the catalogue: what is there by name is named on the panel, what is not is added."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.codes import code_of, free_code
from billhead.actions.exchange import exchange
from billhead.actions.panels._asking import AskedPanel, asked_panel
from billhead.actions.verb import audit
from billhead.actions.viewings._contents import keep_contents
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed, PanelError
from billhead.models.catalogue import Bouquet
from billhead.models.panels import PanelBouquet
from billhead.plugin import Catalogue

__all__ = ["BouquetsBrought", "import_bouquets"]

_MOST = 500


@dataclass(frozen=True, slots=True)
class BouquetsBrought:
    """`plans`: what the panel calls its own plans. `problem`: why it could not be asked."""

    added: int
    named: int
    plans: tuple[str, ...] = ()
    problem: str = ""


def import_bouquets(ctx: Context, panel_id: int) -> BouquetsBrought:
    """May be repeated: what is named on the panel already is left alone. Raises NotFound or NotAllowed."""
    if not (ctx.may("panels.write") and ctx.may("catalogue.write")):
        raise NotAllowed(f"{ctx.actor} may not bring bouquets: it needs panels.write and catalogue.write")

    def record(tx: Tx, asked: AskedPanel, answer: Catalogue | PanelError) -> tuple[BouquetsBrought, Catalogue]:
        if isinstance(answer, PanelError):
            return BouquetsBrought(0, 0, problem=str(answer)), Catalogue({}, {})
        brought = _bring(tx, asked.seller_id, panel_id, answer)
        audit(tx, "panels.import_bouquets", f"panel:{panel_id}", {"added": brought.added, "named": brought.named})
        return brought, answer

    done = exchange(ctx, intend=lambda tx: asked_panel(tx, panel_id), call=_read, record=record)
    assert done is not None, "intend always has a panel to ask"
    brought, told = done
    keep_contents(ctx, panel_id, told.contents)
    return brought


def _read(asked: AskedPanel) -> Catalogue | PanelError:
    try:
        return asked.module.catalogue(asked.connection)
    except PanelError as error:
        return error
    except NotImplementedError:
        return Catalogue({}, {})


def _bring(tx: Tx, seller_id: int, panel_id: int, read: Catalogue) -> BouquetsBrought:
    session = tx.session
    known = set(session.scalars(select(PanelBouquet.remote).where(PanelBouquet.panel_id == panel_id)))
    mapped = set(session.scalars(select(PanelBouquet.bouquet_id).where(PanelBouquet.panel_id == panel_id)))
    ours = {row.name.casefold(): row for row in session.scalars(select(Bouquet).where(Bouquet.seller_id == seller_id))}
    codes = {row.code for row in ours.values()}
    added = named = 0
    for remote, name in list(read.bouquets.items())[:_MOST]:
        row = ours.get(name.strip().casefold())
        if remote in known or (row is not None and row.id in mapped):
            continue
        if row is None:
            code = free_code(code_of(name, "bouquet"), codes)
            codes.add(code)
            row = Bouquet(seller_id=seller_id, code=code, name=name.strip() or remote)
            session.add(row)
            session.flush()
            ours[row.name.casefold()], added = row, added + 1
        else:
            named += 1
        session.add(PanelBouquet(panel_id=panel_id, bouquet_id=row.id, remote=remote))
        mapped.add(row.id)
    return BouquetsBrought(added, named, tuple(read.plans.values())[:_MOST])
