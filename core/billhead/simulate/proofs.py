"""What must hold after a simulation: the ledger verifies, and nobody was billed for a day twice."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading
from billhead.domain.context import Context

__all__ = ["prove"]

_MOST_NAMED = 20

# What was given back, in whole or in part, is looked at by the ledger and the credit notes, not here.
_TWICE = text(
    """
    WITH charged AS (
        SELECT line.id, line.document_id, line.subscription_id, line.component_id, line.period_start, line.period_end,
               max(line.period_end) OVER (
                   PARTITION BY line.component_id ORDER BY line.period_start, line.id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) AS covered
        FROM document_line AS line JOIN document ON document.id = line.document_id
        WHERE line.kind IN ('recurring', 'trial') AND line.component_id IS NOT NULL AND line.period_start IS NOT NULL
          AND document.kind = 'invoice' AND document.state <> 'void' AND line.corrects_line_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM document_line AS back WHERE back.corrects_line_id = line.id)
    )
    SELECT subscription_id, component_id, period_start, period_end, document_id
    FROM charged WHERE covered > period_start AND document_id > :after ORDER BY id LIMIT :most
    """
)


def prove(after_document: int) -> dict[str, Any]:
    """Seal and verify the ledger; name what documents later than `after_document` bill a second time."""
    seal(Context.system("simulation"))
    with reading() as session:
        ledger = verify_ledger(session)
        twice = _billed_twice(session, after_document)
    faults = [f"{fault.where}: {fault.what}" for fault in ledger.faults[:_MOST_NAMED]]
    return {
        "ledger_verified": ledger.verified,
        "ledger_entries": ledger.entries,
        "ledger_faults": faults,
        "billed_twice": twice,
    }


def _billed_twice(session: Session, after_document: int) -> list[dict[str, Any]]:
    rows = session.execute(_TWICE, {"after": after_document, "most": _MOST_NAMED})
    return [{name: str(value) if "period" in name else value for name, value in row.items()} for row in rows.mappings()]
