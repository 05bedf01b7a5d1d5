"""Ask the register whether a customer's VAT id exists: before tax is assessed, and outside of every transaction.

Every question and its answer is kept (`TaxIdCheck`). No answer is never "invalid": the id stays pending, tax is charged
or the document held by the tax engine's policy, and the question is asked again later.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._vat_ids import KnownId, known_id
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.exchange import exchange
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound, TaxServiceDown
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.tax import TaxIdCheck
from billhead.plugin import CheckerConnection, TaxIdAnswer
from billhead.plugin_host import checker_connection

__all__ = ["VatIdChecked", "check_vat_id"]

_WAITS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))


@dataclass(frozen=True, slots=True)
class VatIdChecked:
    """`state` is the customer's now. `said`: what the register said, or why it said nothing.

    `ask_again_in`: how long to wait after a question that was not answered; None when it was. `repriced`: open orders
    whose tax is another one now.
    """

    customer_id: int
    state: str
    said: str
    ask_again_in: timedelta | None = None
    repriced: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Intent:
    customer_id: int
    known: KnownId
    connection: CheckerConnection
    requester: str


def check_vat_id(ctx: Context, customer_id: int) -> VatIdChecked:
    """Ask once. Customers ask about themselves; staff needs customers.write. Without an id, or with one that no plugin
    knows, nobody is asked.

    Raises NotFound or NotAllowed.
    """
    instead: list[VatIdChecked] = []

    def intend(tx: Tx) -> _Intent | None:
        customer = _may_ask(tx, customer_id)
        try:
            known = known_id(customer.vat_id, customer.country)
        except InvalidInput as refused:
            _write_down(tx, customer, "format", "invalid", error=refused.why)
            instead.append(_decided(tx, customer, "invalid", refused.why))
            return None
        if known is None:
            instead.append(VatIdChecked(customer_id, customer.vat_id_state, "no register to ask about this id"))
            return None
        seller = tx.session.get_one(Seller, customer.seller_id)
        customer.vat_id = known.vat_id
        if customer.vat_id_state != "valid":
            customer.vat_id_state = "pending"
        return _Intent(customer_id, known, checker_connection(known.plugin), seller.vat_id)

    return exchange(ctx, intend=intend, call=_ask, record=_record) or instead[0]


def _may_ask(tx: Tx, customer_id: int) -> Customer:
    if tx.ctx.scope.customer_id != customer_id and not tx.ctx.may("customers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not check the VAT id of customer {customer_id}: it needs customers.write")
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer


def _ask(intent: _Intent) -> TaxIdAnswer | TaxServiceDown:
    try:
        return intent.known.checker.check(intent.connection, intent.known.vat_id, intent.requester)
    except TaxServiceDown as down:
        return down
    except Exception as error:  # noqa: BLE001 a checker that fails has not answered, whatever it fails with
        return TaxServiceDown(f"the checker {intent.known.checker.code} failed: {type(error).__name__}: {error}")


def _record(tx: Tx, intent: _Intent, answer: TaxIdAnswer | TaxServiceDown) -> VatIdChecked:
    customer = tx.session.get_one(Customer, intent.customer_id, with_for_update=True)
    code, asked = intent.known.checker.code, intent.known.vat_id
    if isinstance(answer, TaxServiceDown):
        _write_down(tx, customer, code, "unavailable", vat_id=asked, error=answer.message[:500])
        wait = _WAITS[min(_unanswered(tx, customer.id, asked), len(_WAITS)) - 1]
        return VatIdChecked(customer.id, customer.vat_id_state, answer.message, ask_again_in=wait)
    outcome = "valid" if answer.valid else "invalid"
    _write_down(tx, customer, code, outcome, vat_id=asked, answer=answer)
    said = f"{intent.known.checker.label}: {outcome}" + (f", {answer.reference}" if answer.reference else "")
    if customer.vat_id != asked:  # another one was entered meanwhile, which is asked about by itself
        return VatIdChecked(customer.id, customer.vat_id_state, said)
    return _decided(tx, customer, outcome, said)


def _decided(tx: Tx, customer: Customer, state: str, said: str) -> VatIdChecked:
    before, customer.vat_id_state = customer.vat_id_state, state
    customer.vat_id_checked_at = clock.business_now()
    if before != state:
        audit(tx, "accounts.check_vat_id", f"customer:{customer.id}", {"from": before, "to": state})
    return VatIdChecked(customer.id, state, said, repriced=retax_open(tx, customer.id))


def _unanswered(tx: Tx, customer_id: int, vat_id: str) -> int:
    """How often in a row the register has not answered about this id."""
    tx.session.flush()
    asked = TaxIdCheck.customer_id == customer_id, TaxIdCheck.vat_id == vat_id
    newest = select(TaxIdCheck.outcome).where(*asked).order_by(TaxIdCheck.id.desc()).limit(len(_WAITS))
    count = 0
    for outcome in tx.session.scalars(newest):
        if outcome != "unavailable":
            break
        count += 1
    return count


def _write_down(
    tx: Tx,
    customer: Customer,
    checker: str,
    outcome: str,
    *,
    vat_id: str = "",
    answer: TaxIdAnswer | None = None,
    error: str = "",
) -> None:
    said = answer or TaxIdAnswer(False)
    tx.session.add(
        TaxIdCheck(
            customer_id=customer.id,
            vat_id=vat_id or customer.vat_id,
            checker=checker,
            outcome=outcome,
            reference=said.reference[:200],
            name=said.name[:500],
            address=said.address[:500],
            error=error,
            at=clock.business_now(),
        )
    )
