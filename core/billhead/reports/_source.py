"""Where reports read: a read-only session, and for plugins the report tables, whose columns stay as they are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from billhead.domain.errors import InvalidInput

__all__ = ["BATCH", "Source", "tables"]

BATCH = 1000
"""So many rows are held at a time while they are streamed."""

_TABLES = {
    "customers": "SELECT c.id, c.seller_id, c.reseller_id, c.name, c.company, c.country, c.region, c.currency, "
    "c.language, c.price_group, c.created_at FROM customer AS c",
    "subscriptions": "SELECT s.id, s.seller_id, s.customer_id, p.code AS plan, p.kind AS plan_kind, s.settlement, "
    "s.payer_reseller_id, s.collection, s.currency, s.state, s.suspended_for, s.phase, s.term, s.started_on, "
    "s.billed_through, s.paid_through, s.next_bill_on, s.billing_ends_on, s.service_ends_on "
    "FROM subscription AS s JOIN plan AS p ON p.id = s.plan_id",
    "services": "SELECT v.id, v.subscription_id, v.panel_id, v.kind, v.lifecycle, v.sync, v.trial, "
    "v.desired_connections AS connections, v.desired_expires_at AS expires_at, v.desired_blocked AS blocked "
    "FROM service AS v",
    "documents": "SELECT d.id, d.seller_id, d.customer_id, d.subscription_id, d.kind, d.state, d.number_text AS "
    "number, d.issued_on, d.due_on, d.currency, d.net_minor, d.tax_minor, d.total_minor, d.settled_minor "
    "FROM document AS d",
    "document_lines": "SELECT l.id, l.document_id, l.subscription_id, p.code AS plan, l.kind, l.description, "
    "l.period_start, l.period_end, l.quantity, l.net_minor, l.tax_minor, l.tax_code, l.tax_rate_ppm "
    "FROM document_line AS l LEFT JOIN plan AS p ON p.id = l.plan_id",
    "allocations": "SELECT a.id, a.document_id, a.line_id, a.payment_id, a.credit_note_id, "
    "a.customer_credit_id AS credit_id, a.day, a.amount_minor FROM allocation AS a",
    "payments": "SELECT m.id, m.customer_id, g.seller_id, g.code AS account, g.gateway, m.amount_minor, m.fee_minor, "
    "m.refunded_minor, m.currency, m.state, m.received_at FROM payment AS m "
    "JOIN gateway_account AS g ON g.id = m.account_id",
    "ledger": "SELECT e.id AS entry_id, e.seller_id, e.kind, e.day, t.code AS account, t.subject, t.currency, "
    "o.customer_id, CASE WHEN o.side = 'D' THEN o.amount_minor ELSE -o.amount_minor END AS debit_minor "
    "FROM ledger_posting AS o JOIN ledger_entry AS e ON e.id = o.entry_id "
    "JOIN ledger_account AS t ON t.id = o.account_id",
}

_EACH_TAX = {
    "sqlite": "json_each(COALESCE(l.taxes, json_array(json_array(l.tax_code, l.tax_rate_ppm, l.tax_minor)))) AS t",
    "postgresql": "json_array_elements(COALESCE(l.taxes, json_build_array(json_build_array(l.tax_code, "
    "l.tax_rate_ppm, l.tax_minor)))) AS t(value)",
}
_PART = {"sqlite": "json_extract(t.value, '$[{}]')", "postgresql": "CAST(t.value->>{} AS {})"}


def _taxes(dialect: str) -> str:
    """One row per tax of each line of what was issued; of what was voided another one below zero, on that day."""
    code, ppm, minor = (_PART[dialect].format(at, kind) for at, kind in enumerate(("TEXT", "BIGINT", "BIGINT")))
    return (
        "SELECT d.id AS document_id, l.id AS line_id, d.seller_id, d.customer_id, b.kind, b.day, d.currency, "  # noqa: S608
        f"{code} AS tax_code, {ppm} AS rate_ppm, b.sign * l.net_minor AS net_minor, b.sign * {minor} AS tax_minor, "
        "o.issued_on AS corrects_day "
        "FROM (SELECT id, kind, issued_on AS day, CASE WHEN kind = 'credit_note' THEN -1 ELSE 1 END AS sign "
        "FROM document WHERE kind <> 'proforma' AND number IS NOT NULL UNION ALL "
        "SELECT v.id, 'void', x.day, CASE WHEN v.kind = 'credit_note' THEN 1 ELSE -1 END FROM document AS v "
        "JOIN ledger_entry AS x ON x.id = v.closing_entry_id "
        "WHERE v.state = 'void' AND v.kind <> 'proforma' AND v.number IS NOT NULL) AS b "
        "JOIN document AS d ON d.id = b.id JOIN document_line AS l ON l.document_id = d.id "
        f"CROSS JOIN {'LATERAL ' if dialect == 'postgresql' else ''}{_EACH_TAX[dialect]} "
        "LEFT JOIN document AS o ON o.id = d.corrects_id WHERE l.tax_code <> '' OR l.tax_minor <> 0"
    )


def tables(dialect: str) -> dict[str, str]:
    """What `select` may name, each a SELECT over core's own tables that keeps its columns when those change."""
    return {**_TABLES, "taxes": _taxes(dialect)}


_NAMED = re.compile(rf"\b({'|'.join([*_TABLES, 'taxes'])})\b")


@dataclass(frozen=True, slots=True)
class Source:
    """`session` is for the reports of this package; plugins use `select` only."""

    session: Session

    def select(self, sql: str, /, **values: Any) -> Iterator[Sequence[Any]]:
        """Stream a SELECT over the report tables; whole numbers are int on every database."""
        if not sql.lstrip()[:7].lower().startswith("select"):
            raise InvalidInput("sql", "a report reads with one SELECT")
        named = sorted(set(_NAMED.findall(sql)))
        known = tables(self.session.get_bind().dialect.name)
        heads = ", ".join(f"{name} AS ({known[name]})" for name in named)
        statement = text(f"WITH {heads} {sql}" if heads else sql).bindparams(**values)
        for row in self.session.execute(statement.execution_options(yield_per=BATCH)):
            yield tuple(_whole(cell) for cell in row)


def _whole(cell: Any) -> Any:
    """PostgreSQL sums whole numbers to a decimal."""
    return int(cell) if isinstance(cell, Decimal) and cell == cell.to_integral_value() else cell
