"""What must hold after a simulation: the ledger verifies, nobody was billed for a day twice, and all else that can be
proven of documents holds as well."""

from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading
from billhead.domain.context import Context
from billhead.models.documents import BillingRun

__all__ = ["prove"]

_MOST_NAMED = 20

# Two lines of one component that charge the same days, less what was given back of either.
_TWICE = text(
    """
    WITH charged AS (
        SELECT line.id, line.document_id, line.subscription_id, line.component_id, line.period_start, line.period_end
        FROM document_line AS line JOIN document ON document.id = line.document_id
        WHERE line.kind IN ('recurring', 'trial') AND line.component_id IS NOT NULL AND line.period_start IS NOT NULL
          AND document.kind IN ('invoice', 'credit_note') AND document.state <> 'void' AND line.revision >= 0
          AND CASE document.kind WHEN 'invoice' THEN line.net_minor ELSE -line.net_minor END > 0
    ), both AS (
        SELECT other.*, one.id AS first_id, max(one.period_start, other.period_start) AS since,
               min(one.period_end, other.period_end) AS until
        FROM charged AS one JOIN charged AS other
          ON other.component_id = one.component_id AND other.id > one.id
         AND other.period_start < one.period_end AND one.period_start < other.period_end
        WHERE other.document_id > :after
    )
    SELECT subscription_id, component_id, since AS period_start, until AS period_end, document_id FROM both
    WHERE julianday(until) - julianday(since) > coalesce((
        SELECT sum(julianday(min(back.period_end, until)) - julianday(max(back.period_start, since)))
        FROM document_line AS back JOIN document ON document.id = back.document_id
        WHERE back.corrects_line_id IN (both.id, both.first_id) AND document.state <> 'void'
          AND back.period_start < until AND since < back.period_end
    ), 0) ORDER BY id LIMIT :most
    """
)


def prove(after_document: int, after_run: int) -> dict[str, Any]:
    """Seal and verify the ledger; name what documents later than `after_document` bill a second time, and what else is
    wrong with documents; `failed`: how often runs later than `after_run` could not bill a subscription."""
    seal(Context.system("simulation"))
    billing = verify_billing()
    with reading() as session:
        ledger = verify_ledger(session)
        twice = _billed_twice(session, after_document)
        failed = session.scalar(select(func.sum(BillingRun.failed)).where(BillingRun.id > after_run))
    return {
        "ledger_verified": ledger.verified,
        "ledger_entries": ledger.entries,
        "ledger_faults": [f"{fault.where}: {fault.what}" for fault in ledger.faults[:_MOST_NAMED]],
        "billed_twice": twice,
        "billing_faults": [f"{fault.where}: {fault.what}" for fault in billing.faults[:_MOST_NAMED]],
        "failed": int(failed or 0),
    }


def _billed_twice(session: Session, after_document: int) -> list[dict[str, Any]]:
    rows = session.execute(_TWICE, {"after": after_document, "most": _MOST_NAMED})
    return [{name: str(value) if "period" in name else value for name, value in row.items()} for row in rows.mappings()]
