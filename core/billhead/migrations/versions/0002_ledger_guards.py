"""Guards in the database itself: the ledger only grows and always balances, and what is final does not change.

Postings come before their entry: once the entry stands, its postings are complete, so the moment to check the balance is
the insert of the entry. PostgreSQL checks whole statements by transition tables, which keeps COPY fast; SQLite rows.

SQLite, which keeps no statistics by itself, is also told how many documents share a state.

It loses a table's triggers, and what it was told, when a batch migration rebuilds the table: a later revision that does
so to one of the tables below must put them back.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("ledger_entry", "ledger_posting", "ledger_account", "ledger_seal", "ledger_sealed")

# Whatever is not listed may change after a document is final: its state, what is settled on it, and nothing else.
_FROZEN_DOCUMENT = (
    "id", "seller_id", "customer_id", "subscription_id", "kind", "fiscal_year", "number", "number_text", "issued_on",
    "due_on", "currency", "net_minor", "tax_minor", "total_minor", "buyer_id", "issuer_id", "corrects_id",
    "proforma_id", "run_id", "entry_id", "created_at",
)  # fmt: skip

_FINAL_LINE = "EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.number IS NOT NULL)"


# Untold it takes ten documents for all that have a state, and would look through everything that is open, instead of
# through the few documents of a subscription. Rows of the table, of a state, of a state and day: as in a large shop.
_TOLD = (
    "ANALYZE ix_document_open",  # makes the table in which it is told
    "DELETE FROM sqlite_stat1 WHERE idx = 'ix_document_open'",
    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('document', 'ix_document_open', '1000000 2000 200')",
)


def upgrade() -> None:
    statements = [*_sqlite(), *_TOLD] if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    statements = _drop_sqlite() if op.get_bind().dialect.name == "sqlite" else _drop_postgresql()
    for statement in statements:
        op.execute(statement)


def _changed(distinct: str) -> str:
    return " OR ".join(f"OLD.{column} {distinct} NEW.{column}" for column in _FROZEN_DOCUMENT)


def _refusal(table: str, change: str) -> str:
    return f"{table} is append-only: {change} is refused; correct it by a new entry"


def _sqlite() -> list[str]:
    found = [
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_refusal(table, change)}'); END"
        for table in _APPEND_ONLY
        for change in ("UPDATE", "DELETE")
    ]
    found.append("""
        CREATE TRIGGER ledger_posting_before_entry BEFORE INSERT ON ledger_posting
        WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id)
        BEGIN SELECT RAISE(ABORT, 'a posting can not be added to an entry that already stands'); END""")
    # The first half also stops INSERT OR REPLACE, which deletes without asking the triggers.
    found.append("""
        CREATE TRIGGER ledger_entry_balanced BEFORE INSERT ON ledger_entry
        WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id)
          OR (SELECT count(*) FROM ledger_posting WHERE entry_id = NEW.id) < 2
          OR EXISTS (
            SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id WHERE p.entry_id = NEW.id
            GROUP BY a.currency HAVING sum(CASE p.side WHEN 'D' THEN p.amount_minor ELSE -p.amount_minor END) <> 0)
        BEGIN SELECT RAISE(ABORT, 'a ledger entry needs two or more postings that balance in each currency'); END""")
    found.append(f"""
        CREATE TRIGGER document_frozen BEFORE UPDATE ON document
        WHEN OLD.number IS NOT NULL AND ({_changed("IS NOT")})
        BEGIN SELECT RAISE(ABORT, 'a final document never changes: issue a credit note instead'); END""")
    found.append("""
        CREATE TRIGGER document_kept BEFORE DELETE ON document WHEN OLD.number IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a final document is never deleted: void or correct it'); END""")
    found.extend(
        f"""
        CREATE TRIGGER document_line_no_{change.lower()} BEFORE {change} ON document_line WHEN {_FINAL_LINE}
        BEGIN SELECT RAISE(ABORT, 'the lines of a final document never change: issue a credit note instead'); END"""
        for change in ("UPDATE", "DELETE")
    )
    return found


_REFUSE_FUNCTION = """
CREATE FUNCTION billhead_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = TG_ARGV[0];
END $$"""

# EXECUTE plans anew each time: a plan that was made while the tables were empty would scan them for ever after.
_POSTING_FUNCTION = """
CREATE FUNCTION billhead_check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed bigint;
BEGIN
  EXECUTE 'SELECT n.entry_id FROM new_rows n JOIN ledger_entry e ON e.id = n.entry_id LIMIT 1' INTO closed;
  IF closed IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = format('a posting can not be added to the entry %s, which already stands', closed);
  END IF;
  RETURN NULL;
END $$"""

_ENTRY_FUNCTION = """
CREATE FUNCTION billhead_check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
  EXECUTE '
    SELECT id FROM (
      SELECT n.id, a.currency, count(p.leg) AS legs,
             sum(CASE p.side WHEN ''D'' THEN p.amount_minor ELSE -p.amount_minor END) AS off
      FROM new_rows n
      LEFT JOIN ledger_posting p ON p.entry_id = n.id
      LEFT JOIN ledger_account a ON a.id = p.account_id
      GROUP BY n.id, a.currency) AS sums
    GROUP BY id HAVING sum(legs) < 2 OR bool_or(off IS DISTINCT FROM 0) LIMIT 1' INTO wrong;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = format('the ledger entry %s needs two or more postings that balance in each currency', wrong);
  END IF;
  RETURN NULL;
END $$"""


def _postgresql() -> list[str]:
    found = [_REFUSE_FUNCTION, _POSTING_FUNCTION, _ENTRY_FUNCTION]
    found.extend(
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION billhead_refuse('{_refusal(table, change)}')"
        for table in _APPEND_ONLY
        for change in ("UPDATE", "DELETE", "TRUNCATE")
    )
    found.append(
        "CREATE TRIGGER ledger_posting_before_entry AFTER INSERT ON ledger_posting "
        "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billhead_check_postings()"
    )
    found.append(
        "CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry "
        "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billhead_check_entries()"
    )
    found.append(
        f"CREATE TRIGGER document_frozen BEFORE UPDATE ON document FOR EACH ROW "
        f"WHEN (OLD.number IS NOT NULL AND ({_changed('IS DISTINCT FROM')})) "
        "EXECUTE FUNCTION billhead_refuse('a final document never changes: issue a credit note instead')"
    )
    found.append(
        "CREATE TRIGGER document_kept BEFORE DELETE ON document FOR EACH ROW WHEN (OLD.number IS NOT NULL) "
        "EXECUTE FUNCTION billhead_refuse('a final document is never deleted: void or correct it')"
    )
    found.append(f"""
        CREATE FUNCTION billhead_check_line() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF {_FINAL_LINE} THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
              MESSAGE = 'the lines of a final document never change: issue a credit note instead';
          END IF;
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
          RETURN NEW;
        END $$""")
    found.extend(
        f"CREATE TRIGGER document_line_no_{change.lower()} BEFORE {change} ON document_line FOR EACH ROW "
        "EXECUTE FUNCTION billhead_check_line()"
        for change in ("UPDATE", "DELETE")
    )
    return found


def _names() -> list[tuple[str, str]]:
    """(table, trigger) of every guard that both databases have."""
    return [
        *((table, f"{table}_no_{change}") for table in _APPEND_ONLY for change in ("update", "delete")),
        ("ledger_posting", "ledger_posting_before_entry"),
        ("ledger_entry", "ledger_entry_balanced"),
        ("document", "document_frozen"),
        ("document", "document_kept"),
        ("document_line", "document_line_no_update"),
        ("document_line", "document_line_no_delete"),
    ]


def _drop_sqlite() -> list[str]:
    return [f"DROP TRIGGER {name}" for _table, name in _names()]


def _drop_postgresql() -> list[str]:
    functions = ("refuse", "check_postings", "check_entries", "check_line")
    return [
        *(f"DROP TRIGGER {name} ON {table}" for table, name in _names()),
        *(f"DROP TRIGGER {table}_no_truncate ON {table}" for table in _APPEND_ONLY),
        *(f"DROP FUNCTION billhead_{name}()" for name in functions),
    ]
