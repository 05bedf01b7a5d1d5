"""The limit: the same rows as a billing run writes, made by set-based SQL alone, in the same chunks and transactions.

No rating, no rules, no tax engine: amounts are constants. Digests are 32 bytes of nothing where the database has no
SHA-256. What this takes is what the schema, with its keys, indexes and guards, costs on this machine.
"""

from sqlalchemy import Connection, text

from billhead.bench.subscribers import DUE_ON, OBSERVER

__all__ = ["run_pure_sql"]

# 9.99 and 2.99 less a tenth are 8.99 and 2.69, with 20 % tax 1.80 and 0.54; see `subscribers`.
_NET, _TAX, _TOTAL = 1168, 234, 1402
_DISCOUNT = 130

_CHUNK = """
CREATE TEMPORARY TABLE chunk AS
SELECT s.id, s.seller_id, s.customer_id, s.currency, s.next_bill_on AS starts_on, {next_month} AS ends_on, c.country,
       c.id AS buyer_id, cr.id AS redemption_id, cc.id AS lot_id, cc.remaining_minor AS credit_minor,
       {documents} + row_number() OVER w AS doc,
       {entries} + 2 * row_number() OVER w AS entry, {numbers} + row_number() OVER w AS number
FROM (SELECT * FROM subscription WHERE (next_bill_on, id) > ({day}, 0) AND next_bill_on <= {day}
      AND settlement = 'invoice' AND state IN ('trial', 'active', 'past_due')
      ORDER BY next_bill_on, id LIMIT {size}) s
JOIN customer c ON c.id = s.customer_id
JOIN coupon_redemption cr ON cr.subscription_id = s.id AND cr.state = 'active'
JOIN customer_credit cc ON cc.customer_id = s.customer_id AND cc.remaining_minor > 0
WINDOW w AS (ORDER BY s.id)
"""

_STATEMENTS = (
    """INSERT INTO ledger_posting (entry_id, leg, account_id, customer_id, side, amount_minor)
    SELECT entry, leg, account_id, CASE WHEN owned THEN customer_id END, side, amount
    FROM (
      SELECT entry, 1 AS leg, {receivable} AS account_id, customer_id, true AS owned, 'D' AS side, {total} AS amount
        FROM chunk
      UNION ALL SELECT entry, 2, {deferred}, customer_id, false, 'C', {net} FROM chunk
      UNION ALL SELECT entry, 3, (SELECT id FROM ledger_account a WHERE a.code = 'tax'
                                  AND a.subject = country || ':standard'), customer_id, false, 'C', {tax} FROM chunk
      UNION ALL SELECT entry + 1, 1, {credit}, customer_id, true, 'D', {used} FROM chunk
      UNION ALL SELECT entry + 1, 2, {receivable}, customer_id, true, 'C', {used} FROM chunk) legs""",
    """INSERT INTO ledger_entry (id, seller_id, kind, day, key, digest, recorded_at)
    SELECT entry, seller_id, 'invoice', {day}, 'document:' || doc, {digest}, {now} FROM chunk
    UNION ALL
    SELECT entry + 1, seller_id, 'credit_applied', {day}, 'credit_applied:' || doc, {digest}, {now} FROM chunk""",
    """UPDATE customer_credit SET remaining_minor = remaining_minor - new.used
    FROM (SELECT lot_id, {used} AS used FROM chunk) AS new WHERE customer_credit.id = new.lot_id""",
    """UPDATE subscription SET billed_through = new.ends_on, next_bill_on = new.ends_on, version = version + 1,
      paid_through = CASE WHEN new.credit_minor >= {total} THEN new.ends_on ELSE paid_through END
    FROM (SELECT id, ends_on, credit_minor FROM chunk) AS new WHERE subscription.id = new.id""",
    """UPDATE service SET desired_expires_at = {now}, desired_version = desired_version + 1, sync = 'pending',
      trial = {no} WHERE subscription_id IN (SELECT id FROM chunk WHERE credit_minor >= {total})""",
    """INSERT INTO job (kind, args, key, lane, state, due_at, tries, lease_token, error, progress, created_at)
    SELECT 'provisioning.converge', {converge_args}, 'converge:' || v.id, 'panel:' || v.panel_id, 'queued', {now}, 0,
      '', '', '{{}}'{cast}, {now}
    FROM chunk c JOIN service v ON v.subscription_id = c.id WHERE credit_minor >= {total}
    UNION ALL
    SELECT 'payments.collect', {collect_args}, 'collect:' || doc, '', 'queued', {now}, 0, '', '', '{{}}'{cast}, {now}
    FROM chunk WHERE credit_minor < {total}""",
    """INSERT INTO event (type, version, aggregate, data, at)
    SELECT 'document.issued', 1, 'document:' || doc, {issued_data}, {now} FROM chunk
    UNION ALL
    SELECT 'document.paid', 1, 'document:' || doc, {paid_data}, {now} FROM chunk WHERE credit_minor >= {total}""",
    """INSERT INTO event_delivery (event_id, plugin, state, tries, due_at, error)
    SELECT id, '{observer}', 'pending', 0, {now}, '' FROM event WHERE id > {events}""",
    "UPDATE number_series SET next_number = next_number + (SELECT count(*) FROM chunk)",
    """INSERT INTO document (id, seller_id, customer_id, subscription_id, kind, state, fiscal_year, number, number_text,
      issued_on, due_on, currency, net_minor, tax_minor, total_minor, settled_minor, buyer_id, issuer_id, run_id,
      entry_id, base_currency, fx_rate, base_minor, created_at)
    SELECT doc, seller_id, customer_id, id, 'invoice', CASE WHEN credit_minor >= {total} THEN 'paid' ELSE 'partly_paid'
      END, 2026, number, '2026-' || {padded}, {day}, {day}, currency, {net}, {tax}, {total}, {used}, buyer_id, buyer_id,
      {run}, entry, currency, '1', {total}, {now} FROM chunk""",
    """INSERT INTO document_line (document_id, position, subscription_id, component_id, price_id, plan_id, kind,
      description, term, period_start, period_end, revision, quantity, unit_minor, net_minor, tax_minor, tax_code,
      tax_rate_ppm, discount_minor, discount_code)
    SELECT c.doc, 1 + (k.kind = 'addon'){as_int}, c.id, k.id, k.price_id, k.plan_id, 'recurring', p.name, '1 month',
      c.starts_on, c.ends_on, 0, k.quantity, r.amount_minor, r.amount_minor - (r.amount_minor + 5) / 10,
      (r.amount_minor - (r.amount_minor + 5) / 10 + 2) / 5, country || ':standard', 200000, (r.amount_minor + 5) / 10,
      'TENTH'
    FROM chunk c CROSS JOIN subscription_component k JOIN price r ON r.id = k.price_id
      JOIN plan p ON p.id = k.plan_id WHERE k.subscription_id = c.id""",  # CROSS: SQLite keeps the order, chunk first
    """INSERT INTO allocation (document_id, line_id, customer_credit_id, amount_minor, day, created_at)
    SELECT c.doc, l.id, c.lot_id, CASE WHEN c.credit_minor >= {total} THEN l.net_minor + l.tax_minor ELSE {used} END,
      {day}, {now}
    FROM chunk c JOIN document_line l ON l.document_id = c.doc WHERE c.credit_minor >= {total} OR l.position = 1""",
    """INSERT INTO coupon_use (document_id, redemption_id, discount_minor, cycles)
    SELECT doc, redemption_id, {discount}, 1 FROM chunk""",
    """UPDATE coupon_redemption SET given_minor = given_minor + {discount}, cycles_left = cycles_left - 1,
      since = coalesce(since, new.starts_on), through = new.ends_on
    FROM (SELECT redemption_id, starts_on, ends_on FROM chunk) AS new WHERE coupon_redemption.id = new.redemption_id""",
)


def run_pure_sql(connection: Connection, size: int) -> int:
    """Bill everything that is due; returns how many. Commits after each chunk of `size`."""
    done = 0
    values = _values(connection)
    connection.commit()
    while True:
        state = {name: _scalar(connection, query) for name, query in _POSITIONS.items()}
        connection.exec_driver_sql(_CHUNK.format(**values, **state, size=size))
        count = int(_scalar(connection, "SELECT count(*) FROM chunk"))
        if count:
            for statement in _STATEMENTS:
                connection.exec_driver_sql(statement.format(**values, **state))
        connection.execute(text("DROP TABLE chunk"))
        if connection.dialect.name != "sqlite" and count:
            _advance_sequences(connection)
        connection.commit()
        if not count:
            return done
        done += count


_POSITIONS = {
    "documents": "SELECT coalesce(max(id), 0) FROM document",
    "entries": "SELECT coalesce(max(id), 0) FROM ledger_entry",
    "events": "SELECT coalesce(max(id), 0) FROM event",
    "numbers": "SELECT coalesce(max(next_number), 1) - 1 FROM number_series",
}


def _scalar(connection: Connection, query: str) -> int:
    return int(connection.execute(text(query)).scalar_one())


def _advance_sequences(connection: Connection) -> None:
    for table in ("document", "ledger_entry"):
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))  # noqa: S608


def _values(connection: Connection) -> dict[str, str]:
    sqlite = connection.dialect.name == "sqlite"
    accounts = {code: str(identity) for code, identity in connection.execute(
        text("SELECT code, id FROM ledger_account WHERE code <> 'tax'"))}  # fmt: skip
    this_document = "'{\"document_id\": ' || doc"
    found = {
        "receivable": accounts["receivable"],
        "deferred": accounts["deferred_revenue"],
        "credit": accounts["credit_bought"],
        "total": str(_TOTAL),
        "discount": str(_DISCOUNT),
        "observer": OBSERVER,
        "net": str(_NET),
        "tax": str(_TAX),
        "used": f"CASE WHEN credit_minor >= {_TOTAL} THEN {_TOTAL} ELSE credit_minor END",
        "run": str(_scalar(connection, "SELECT max(id) FROM billing_run")),
    }
    if sqlite:
        day, now = f"'{DUE_ON.isoformat()}'", "'2026-11-01 00:00:00.000000'"
        dialect = {"next_month": "date(s.next_bill_on, '+1 month')", "digest": "zeroblob(32)", "no": "0",
                   "as_int": "", "padded": "printf('%06d', number)", "cast": ""}  # fmt: skip
    else:
        day, now = f"date '{DUE_ON.isoformat()}'", "timestamptz '2026-11-01 00:00:00+00'"
        dialect = {"next_month": "(s.next_bill_on + interval '1 month')::date", "no": "false", "as_int": "::int",
                   "digest": "sha256(('document:' || doc)::bytea)", "padded": "to_char(number, 'FM000000')",
                   "cast": "::json"}  # fmt: skip
    cast = dialect["cast"]
    texts = {
        "converge_args": f"('{{\"service_id\": ' || v.id || '}}'){cast}",
        "collect_args": f"({this_document} || '}}'){cast}",
        "paid_data": f"({this_document} || ', \"customer_id\": ' || customer_id || '}}'){cast}",
        "issued_data": f'({this_document} || \', "customer_id": \' || customer_id || \', "total_minor": {_TOTAL}, '
        f'"currency": "EUR"}}\'){cast}',
    }
    return found | dialect | texts | {"day": day, "now": now}
