"""Prove the ledger, and keep when that was and how it ended."""

from billhead.actions.health._facts import remember
from billhead.actions.ledger.verify import LedgerReport, verify_ledger
from billhead.db import reading, writing
from billhead.domain.context import Context

__all__ = ["verify_books"]


def verify_books(ctx: Context) -> LedgerReport:
    with reading() as session:
        report = verify_ledger(session)
    with writing(ctx) as tx:
        told = {"verified": report.verified, "entries": report.entries, "faults": len(report.faults)}
        remember(tx, "ledger", **told, another_key=report.another_key)
    return report
