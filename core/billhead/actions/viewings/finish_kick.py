"""Settle a shared line once everybody on it was cut: until then its case stays open."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.viewings import SharingCase

__all__ = ["KickFinished", "finish_kick"]


@dataclass(frozen=True, slots=True)
class KickFinished:
    """`state` "" where the case is gone."""

    case_id: int
    state: str


@verb("sharing.finish_kick")
def finish_kick(tx: Tx, case_id: int, by: str) -> KickFinished:
    """`by`: who asked for it. What was settled otherwise meanwhile stays so."""
    case = tx.session.get(SharingCase, case_id, with_for_update=True, populate_existing=True)
    if case is not None and case.settled_at is None:
        case.state, case.settled_at, case.settled_by = "kicked", clock.business_now(), by
    return KickFinished(case_id, case.state if case is not None else "")
