"""Add a bouquet, name it, and say what it is called on each panel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select

from billhead.actions.catalogue._regions import checked_regions
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.regions import EVERYWHERE, Regions
from billhead.models.catalogue import Bouquet
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.sellers import Seller

__all__ = ["BouquetSaved", "save_bouquet"]

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class BouquetSaved:
    bouquet_id: int


@verb("catalogue.save_bouquet", permission="catalogue.write")
def save_bouquet(
    tx: Tx,
    seller_id: int,
    code: str,
    name: str,
    on: Mapping[str, str],
    bouquet_id: int | None = None,
    *,
    regions: Regions = EVERYWHERE,
) -> BouquetSaved:
    """`on`: a panel's code → the bouquet's name or number there; "" where it is not. Lines follow when they are next
    brought in step. `regions`: where it is licensed, and so whatever brings it may be sold. Raises NotFound,
    InvalidInput, Conflict (the code is taken)."""
    session = tx.session
    if session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    row = Bouquet(seller_id=seller_id) if bouquet_id is None else session.get(Bouquet, bouquet_id)
    if row is None or row.seller_id != seller_id:
        raise NotFound("bouquet", bouquet_id)
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", f"{code!r} is no code", hint="use a-z, 0-9, '-' and '_'")
    if not name.strip():
        raise InvalidInput("name", "is needed")
    other = session.scalar(select(Bouquet.id).where(Bouquet.seller_id == seller_id, Bouquet.code == code))
    if other is not None and other != bouquet_id:
        raise Conflict(f"there is a bouquet {code} already", hint="choose another code")
    panels = dict(session.execute(select(Panel.code, Panel.id).where(Panel.seller_id == seller_id)).all())
    for panel in on:
        if panel not in panels:
            raise InvalidInput("on", f"there is no panel {panel!r}")
    before = Regions.of(row.country_rule or "", row.countries or ())
    after = checked_regions(*regions)
    row.code, row.name, row.country_rule, row.countries = code, name.strip(), after.rule, list(after.countries)
    session.add(row)
    session.flush()
    if after != before:
        note(tx, f"bouquet:{row.id}", sold={"before": before.told(), "after": after.told()})
    session.execute(delete(PanelBouquet).where(PanelBouquet.bouquet_id == row.id))
    session.add_all(
        [
            PanelBouquet(panel_id=panels[panel], bouquet_id=row.id, remote=remote.strip())
            for panel, remote in on.items()
            if remote.strip()
        ]
    )
    return BouquetSaved(row.id)
