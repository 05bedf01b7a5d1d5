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
    "sellers": "SELECT r.id, r.code, r.name, r.country, r.currency FROM seller AS r",
    "exchange_rates": "SELECT x.day, x.currency, x.base, x.rate FROM exchange_rate AS x",
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
_WRITTEN_OFF = {
    "sqlite": "CAST(substr(w.key, 11) AS INTEGER)",
    "postgresql": "CAST(split_part(w.key, ':', 2) AS BIGINT)",
}
"""The document in the key of a write-off, "write_off:81:0"."""


def _taxes(dialect: str) -> str:
    """One row per tax of each line of what was issued; of what was voided another one below zero, on that day. And one
    per tax that a write-off has taken back, or that is due again since somebody paid after all."""
    code, ppm, minor = (_PART[dialect].format(at, kind) for at, kind in enumerate(("TEXT", "BIGINT", "BIGINT")))
    each = f"{'LATERAL ' if dialect == 'postgresql' else ''}{_EACH_TAX[dialect]}"
    of_document = (
        f"(SELECT CAST({{}} AS BIGINT) FROM document_line AS l CROSS JOIN {each} "  # noqa: S608
        f"WHERE l.document_id = d.id AND {code} = a.subject)"
    )
    return (
        "SELECT d.id AS document_id, l.id AS line_id, d.seller_id, d.customer_id, b.kind, b.day, d.currency, "  # noqa: S608
        f"{code} AS tax_code, {ppm} AS rate_ppm, b.sign * l.net_minor AS net_minor, b.sign * {minor} AS tax_minor, "
        # of what a line or a void gives back; new sales on the same document are of its own day
        "CASE WHEN b.kind = 'void' THEN COALESCE(o.issued_on, d.issued_on) ELSE o.issued_on END AS corrects_day "
        "FROM (SELECT id, kind, issued_on AS day, CASE WHEN kind = 'credit_note' THEN -1 ELSE 1 END AS sign "
        "FROM document WHERE kind <> 'proforma' AND number IS NOT NULL UNION ALL "
        "SELECT v.id, 'void', x.day, CASE WHEN v.kind = 'credit_note' THEN 1 ELSE -1 END FROM document AS v "
        "JOIN ledger_entry AS x ON x.id = v.closing_entry_id "
        "WHERE v.state = 'void' AND v.kind <> 'proforma' AND v.number IS NOT NULL) AS b "
        "JOIN document AS d ON d.id = b.id JOIN document_line AS l ON l.document_id = d.id "
        f"CROSS JOIN {each} LEFT JOIN document_line AS c ON c.id = l.corrects_line_id "
        "LEFT JOIN document AS o ON o.id = c.document_id WHERE l.tax_code <> '' OR l.tax_minor <> 0 "
        # a written-off tax has no line: the document's lines tell its rate, and what net amount it belongs to
        "UNION ALL SELECT r.document_id, NULL, r.seller_id, r.customer_id, r.kind, r.day, r.currency, r.tax_code, "
        "r.ppm, r.sign * ((2 * r.minor * r.net + r.tax) / (2 * NULLIF(r.tax, 0))), r.sign * r.minor, r.corrects_day "
        "FROM ("
        "SELECT d.id AS document_id, e.seller_id, d.customer_id, e.kind, e.day, a.currency, a.subject AS tax_code, "
        "CASE WHEN p.side = 'D' THEN -1 ELSE 1 END AS sign, p.amount_minor AS minor, d.issued_on AS corrects_day, "
        f"{of_document.format(f'max({ppm})')} AS ppm, {of_document.format('sum(l.net_minor)')} AS net, "
        f"{of_document.format(f'sum({minor})')} AS tax FROM ledger_entry AS e JOIN ledger_entry AS w "
        "ON w.id = CASE e.kind WHEN 'recovery' THEN CAST(substr(e.key, 10) AS BIGINT) ELSE e.id END "
        f"JOIN document AS d ON d.id = {_WRITTEN_OFF[dialect]} JOIN ledger_posting AS p ON p.entry_id = e.id "
        "JOIN ledger_account AS a ON a.id = p.account_id "
        "WHERE e.kind IN ('write_off', 'recovery') AND a.code = 'tax') AS r"
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
