"""Take in a file of the bank: every movement that it tells of, each once, however often it is told."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import select

from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments.take_entry import TakenEntry, take_entry
from billhead.actions.rehearse import rehearse
from billhead.actions.verb import audit
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount
from billhead.plugin import Statement, StatementEntry
from billhead.plugin_host import gateway_abilities

__all__ = ["ImportedEntry", "ImportedStatement", "import_statement"]


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """`what` has become of it as `TakenEntry.state` says."""

    reference: str
    amount: Money
    payer: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportedStatement:
    """`left_out`: why → how many movements are none of ours."""

    account: str
    dry_run: bool
    entries: tuple[ImportedEntry, ...]
    left_out: Mapping[str, int]

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(sorted(Counter(entry.what for entry in self.entries).items()))


def import_statement(
    ctx: Context, data: bytes, account_id: int | None = None, *, dry_run: bool = False
) -> ImportedStatement:
    """Read the file for the account that it tells of, then take its movements, a transaction for each booking.

    Killed half-way, the rest is taken by importing the file again. Raises NotAllowed, NotFound, or InvalidInput for
    `file`: it can't be read, or tells of no account here.
    """
    if not ctx.may("payments.write"):
        raise NotAllowed(f"{ctx.actor} may not import statements: it needs payments.write")
    account, statement = _read(_accounts(account_id), data)
    once = replace(ctx, idempotency_key=None)  # each movement has a reference of its own
    taken: list[TakenEntry] = []
    if dry_run:
        taken = rehearse(once, lambda tx: [take_entry(tx, account.id, entry) for entry in statement.entries])
    else:
        for booking in _bookings(statement):
            with writing(once) as tx:
                taken += [take_entry(tx, account.id, entry) for entry in booking]
        with writing(once) as tx:
            audit(tx, "payments.import_statement", f"gateway:{account.id}", {"entries": len(taken)})
    return ImportedStatement(account.connection.code, dry_run, tuple(_told(statement, taken)), statement.left_out)


def _accounts(account_id: int | None) -> list[OpenedAccount]:
    """The accounts whose gateway reads statements; only this one if it is named."""
    query = select(GatewayAccount).order_by(GatewayAccount.position, GatewayAccount.id)
    with reading() as session:
        rows = session.scalars(query if account_id is None else query.where(GatewayAccount.id == account_id)).all()
        opened = [open_account(row) for row in rows if gateway_abilities(row.gateway).statements]
    if account_id is not None and not rows:
        raise NotFound("payment account", account_id)
    if not opened:
        raise InvalidInput("account", "no account here reads statements", hint="add a gateway account for transfers")
    return opened


def _read(accounts: list[OpenedAccount], data: bytes) -> tuple[OpenedAccount, Statement]:
    """By the first account that the file tells of. No session is open: a file is somebody's word."""
    refused: BillheadError | None = None
    for account in accounts:
        try:
            return account, account.gateway.read_statement(account.connection, data)
        except InvalidInput as why:
            refused = why
    assert refused is not None, "there is an account"
    raise refused


def _bookings(statement: Statement) -> Iterator[list[StatementEntry]]:
    """The transfers of one booking of the bank are taken together: all of a batch, or nothing of it."""
    for _, entries in groupby(statement.entries, lambda entry: (entry.kind, entry.servicer_ref)):
        yield list(entries)


def _told(statement: Statement, taken: list[TakenEntry]) -> Iterator[ImportedEntry]:
    for entry, one in zip(statement.entries, taken, strict=True):
        yield ImportedEntry(entry.servicer_ref, entry.amount, entry.payer, one.state, one.why)
