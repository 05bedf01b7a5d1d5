"""A made-up operator with any number of due subscriptions: plan, add-on, coupon, tax, credit, a saved card and a line
each; and its plugins: a tax engine, an invoice rule and an observer of events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from secrets import token_urlsafe

from sqlalchemy import text
from sqlalchemy.orm import Session

from billhead.actions.billing._parties import party_digest
from billhead.actions.billing._rated import PartyFacts
from billhead.actions.ledger._accounts import AccountKey, account_ids, digest_account
from billhead.bulk import Bulk, Row
from billhead.db import Tx, db, reserve_ids, writing
from billhead.domain.context import Context
from billhead.domain.errors import PluginFailed
from billhead.domain.ledger import entry_digest
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.coupons import Coupon
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.plugin import DraftView, ExtraLine, InvoiceRule, LineTax, TaxRequest
from billhead.plugin_host.contributing import apply_rules

__all__ = ["DUE_ON", "OBSERVER", "FlatTax", "OnlyTax", "build_operator"]

OBSERVER = "bench"
DUE_ON = date(2026, 11, 1)
_STARTED = date(2026, 10, 1)
_SYSTEM = Context.system("bench")
_BATCH = 5000
_DEAR = 1_000_000
_CYCLES = 12
_COUNTRIES = ("FI", "DE", "FR", "SE")
_ZONES = ("Europe/Helsinki", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Honolulu")


class FlatTax:
    """20 % for everybody: the measurement is of the run, not of a country's rules."""

    code = "flat"
    label = "20 % everywhere"

    def assess(self, requests: Sequence[TaxRequest]) -> list[list[LineTax]]:
        return [[LineTax(request.buyer.country, "standard", 200_000) for _ in request.lines] for request in requests]


class Courtesy:
    """An invoice rule as operators have them: it looks at each line of each draft, and here finds nothing to add."""

    code = "courtesy"

    def apply(self, drafts: Sequence[DraftView]) -> Sequence[Sequence[ExtraLine]]:
        dear = [any(line.net.minor > _DEAR for line in draft.lines) for draft in drafts]
        return [[ExtraLine("gift", "A gift", Money(-100, "EUR"))] if one else [] for one in dear]


@dataclass
class OnlyTax:
    """What the run asks of plugins: one tax engine, and no more of them unless they are given."""

    rules: list[tuple[str, InvoiceRule]] = field(default_factory=list)
    watching: list[str] = field(default_factory=list)

    @classmethod
    def and_all_hooks(cls) -> "OnlyTax":
        """With an active invoice rule and a plugin that observes events."""
        return cls([("bench", Courtesy())], [OBSERVER])

    def tax_engine(self, code: str) -> FlatTax:
        return FlatTax()

    def invoice_rules(self) -> list[tuple[str, InvoiceRule]]:
        return self.rules

    def extra_lines(self, drafts: Sequence[DraftView]) -> list[list[tuple[str, ExtraLine]] | PluginFailed]:
        return apply_rules(self.rules, drafts)

    def observers(self) -> list[str]:
        return self.watching


@dataclass(frozen=True)
class _Shop:
    seller: int
    plan: int
    addon: int
    plan_price: int
    addon_price: int
    panel: int
    account: int
    coupon: int


def build_operator(count: int) -> None:
    """Fill an empty, migrated database. Every second customer's credit pays the whole invoice, the others' a part."""
    with writing(_SYSTEM) as tx:
        shop = _shop(tx.session)
    numbers = iter(range(1, count + 1))
    while batch := list(islice(numbers, _BATCH)):
        with writing(_SYSTEM) as tx:
            _people(tx, shop, batch)
    if db.engine.dialect.name != "sqlite":
        with writing(_SYSTEM) as tx:
            # party is the one table here that the run adds to without naming ids
            tx.session.execute(text("SELECT setval(pg_get_serial_sequence('party', 'id'), max(id)) FROM party"))


def _shop(session: Session) -> _Shop:
    def one(row: Seller | Plan | PriceBook | Price | Panel | GatewayAccount | Coupon) -> int:
        session.add(row)
        session.flush()
        return row.id

    seller = one(Seller(code="bench", name="Bench", legal_name="Bench Oy", country="FI", currency="EUR",
                        tax_engine="flat"))  # fmt: skip
    plan = one(Plan(seller_id=seller, code="tv", name="Television", kind="stream"))
    addon = one(Plan(seller_id=seller, code="sport", name="Sport", kind="bouquet"))
    book = one(PriceBook(seller_id=seller, code="eur", currency="EUR"))
    plan_price = one(Price(book_id=book, plan_id=plan, term="1 month", amount_minor=999))
    addon_price = one(Price(book_id=book, plan_id=addon, term="1 month", amount_minor=299))
    panel = one(Panel(seller_id=seller, code="p1", name="Panel", module="sandbox"))
    account = one(GatewayAccount(seller_id=seller, code="cards", name="Cards", gateway="sandbox",
                                 callback_token=token_urlsafe()))  # fmt: skip
    coupon = one(Coupon(seller_id=seller, code="TENTH", kind="percent", percent_ppm=100_000, cycles=_CYCLES,
                        created_at=datetime(2026, 10, 1, tzinfo=UTC)))  # fmt: skip
    return _Shop(seller, plan, addon, plan_price, addon_price, panel, account, coupon)


_CUSTOMER = (
    "id", "seller_id", "name", "company", "email", "phone", "address", "country", "region", "location_evidence",
    "vat_id", "vat_id_state", "tax_exempt_reason", "zone", "currency", "language", "price_group", "notes", "created_at",
)  # fmt: skip
_METHOD = (
    "id",
    "customer_id",
    "account_id",
    "token",
    "label",
    "expires",
    "fingerprint",
    "is_default",
    "usable",
    "position",
    "created_at",
)
_SUBSCRIPTION = (
    "id", "seller_id", "customer_id", "plan_id", "settlement", "collection", "timing", "currency", "state",
    "suspended_for", "phase", "term", "anchor", "started_on", "billed_through", "paid_through", "next_bill_on", "zone",
    "version", "created_at",
)  # fmt: skip
_COMPONENT = ("id", "subscription_id", "plan_id", "price_id", "kind", "quantity", "starts_on")
_SERVICE = (
    "id", "subscription_id", "panel_id", "kind", "handle", "handle_data", "login", "password", "lifecycle",
    "desired_plan", "desired_bouquets", "desired_connections", "desired_blocked", "trial", "desired_version",
    "converged_version", "sync", "sync_error", "observed", "created_by_us",
)  # fmt: skip
_REDEEMED = (
    "id", "coupon_id", "customer_id", "subscription_id", "state", "cycles_left", "given_minor", "created_at",
)  # fmt: skip
_PARTY = ("id", "digest", "data")
_CREDIT = ("id", "customer_id", "kind", "currency", "amount_minor", "remaining_minor", "reason", "created_at")


def _credit_of(number: int) -> int:
    """9.99 and 2.99 less a tenth are 8.99 and 2.69, with 20 % tax 14.02: enough for every second customer."""
    return 2000 if number % 2 else 500


def _party_of(number: int) -> PartyFacts:
    address = f'{{"street": "Road {number}"}}'
    return PartyFacts(f"Customer {number}", "", f"c{number}@example.com", address, _COUNTRIES[number % 4], "", "", "en")


def _people(tx: Tx, shop: _Shop, numbers: Sequence[int]) -> None:
    session = tx.session
    bulk = Bulk(session)
    now = bulk.instant(datetime(2026, 10, 1, tzinfo=UTC))
    sqlite = session.get_bind().dialect.name == "sqlite"
    for table, columns, rows in _tables(shop, numbers, now, yes=1 if sqlite else "t", no=0 if sqlite else "f"):
        bulk.insert(table, columns, rows)
    _open_credit(session, bulk, shop, numbers, now)


def _tables(
    shop: _Shop, numbers: Sequence[int], now: str, *, yes: object, no: object
) -> Iterator[tuple[str, Sequence[str], list[Row]]]:
    day, due = _STARTED.isoformat(), DUE_ON.isoformat()
    yield "customer", _CUSTOMER, [
        (n, shop.seller, f"Customer {n}", "", f"c{n}@example.com", "", f'{{"street": "Road {n}"}}', _COUNTRIES[n % 4],
         "", "{}", "", "unchecked", "", _ZONES[n % 4], "EUR", "en", "", "", now)
        for n in numbers
    ]  # fmt: skip
    yield "party", _PARTY, [(n, party_digest(_party_of(n)), "{}") for n in numbers]
    yield "payment_method", _METHOD, [(n, n, shop.account, "token", "Card", "", "", yes, yes, 0, now) for n in numbers]
    yield "subscription", _SUBSCRIPTION, [
        (n, shop.seller, n, shop.plan, "invoice", "auto", "advance", "EUR", "active", "", "recurring", "1 month", day,
         day, due, due, due, _ZONES[n % 4], 1, now)
        for n in numbers
    ]  # fmt: skip
    yield (
        "subscription_component",
        _COMPONENT,
        [
            (2 * n - 1 + extra, n, plan, price, kind, 1, day)
            for n in numbers
            for extra, (plan, price, kind) in enumerate(
                [(shop.plan, shop.plan_price, "plan"), (shop.addon, shop.addon_price, "addon")]
            )
        ],
    )
    yield "service", _SERVICE, [
        (n, n, shop.panel, "stream", f"h{n}", "{}", f"u{n}", "", "wanted", "", "[]", 1, no, no, 1, 1, "ok", "", "{}",
         yes)
        for n in numbers
    ]  # fmt: skip
    yield "coupon_redemption", _REDEEMED, [(n, shop.coupon, n, n, "active", _CYCLES, 0, now) for n in numbers]
    yield (
        "customer_credit",
        _CREDIT,
        [(n, n, "bought", "EUR", _credit_of(n), _credit_of(n), "opening", now) for n in numbers],
    )


def _open_credit(session: Session, bulk: Bulk, shop: _Shop, numbers: Sequence[int], now: str) -> None:
    """The ledger's side of the credit: one entry for all of the batch."""
    keys = [AccountKey(shop.seller, code, "EUR") for code in ("suspense", "credit_bought")]
    suspense, owed = account_ids(session, keys).values()
    (entry_id,) = reserve_ids(session, "ledger_entry", 1)
    total = sum(_credit_of(n) for n in numbers)
    legs: list[tuple[int, int, int, int | None, str, int]] = [(entry_id, 1, suspense, None, "D", total)]
    legs += [(entry_id, leg, owed, n, "C", _credit_of(n)) for leg, n in enumerate(numbers, 2)]
    digested = [(digest_account(account, n), side, minor, "EUR") for _, _, account, n, side, minor in legs]
    key, day = f"opening:{numbers[0]}", _STARTED.isoformat()
    digest = entry_digest(entry_id, shop.seller, "opening_balance", day, key, digested)
    bulk.insert("ledger_posting", ("entry_id", "leg", "account_id", "customer_id", "side", "amount_minor"), legs)
    bulk.insert(
        "ledger_entry",
        ("id", "seller_id", "kind", "day", "key", "digest", "recorded_at"),
        [(entry_id, shop.seller, "opening_balance", day, key, digest, now)],
    )
