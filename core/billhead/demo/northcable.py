"""Load NorthCable into an empty installation: catalogue, panels, gateway accounts, subscribers, logins."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select

from billhead import clock
from billhead.actions.content._words_file import word_rows
from billhead.actions.content.import_words import import_words
from billhead.actions.importing._row import place_dates
from billhead.actions.importing._subscriber import Refusal
from billhead.actions.importing.catalog_file import Catalog, read_catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.importing.import_subscribers import import_subscribers
from billhead.actions.importing.subscriber_rows import GoodRow, read_rows
from billhead.actions.sellers.set_invoicing import SellerInvoicing, set_invoicing
from billhead.actions.staff._starting import OWNER, make_starting_roles
from billhead.db import Tx, writing
from billhead.demo.panels import SandboxPanels
from billhead.domain.context import Context, Role
from billhead.domain.errors import NotFound
from billhead.models.operations import PluginState
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.models.support import Department
from billhead.plugin_host import plugins, store_settings

__all__ = ["DEMO_PASSWORD", "Loaded", "example_folder", "load", "point_at"]

DEMO_PASSWORD = "northcable-demo"  # noqa: S105 printed at every start, and only ever on a demo
_BATCH = 200
_EARLY, _FIRST_LINE = 30, 2  # one row in thirty, from the first below the heading on: whose login the viewer has
_IBAN = "FI2112345600000785"
_CTX = Context.system("demo")
_Row = GoodRow | Refusal


@dataclass(frozen=True, slots=True)
class Loaded:
    seller_id: int
    subscribers: int
    refused: int


def example_folder() -> Path:
    """examples/northcable of this source tree. Raises NotFound outside of one."""
    for base in (Path.cwd(), Path(__file__).resolve().parents[3]):
        folder = base / "examples" / "northcable"
        if (folder / "catalog.toml").exists():
            return folder
    raise NotFound("example operator", "examples/northcable", hint="run this in a clone of the project")


def load(
    panels: SandboxPanels,
    mail_folder: Path,
    *,
    subscribers: int | None = None,
    lived: timedelta | None = None,
    moved: timedelta = timedelta(0),
    live: Callable[[int], None] = lambda seller_id: None,
) -> Loaded:
    """Import everything; `subscribers` limits how many rows are taken (all by default).

    All days of the example are later by `moved`, in whole days. With `lived` one row in thirty is imported as it stood
    so long ago, where the business clock must be; then `live` goes through that time, and the others come.
    """
    folder = example_folder()
    catalog = _moved(read_catalog(folder / "catalog.toml", panels.settings()), moved)
    with writing(_CTX) as tx:
        seller_id = import_catalog(tx, catalog).seller_id
        _gateway_accounts(tx, seller_id, panels)
        _papers(tx, seller_id)
        tx.session.add(Department(seller_id=seller_id, name="Support"))
        tx.session.flush()
        import_words(tx, seller_id, word_rows((folder / "words.csv").read_bytes()))
        _mail(tx, mail_folder)
    file = folder / "subscribers.csv"
    added = refused = 0
    if lived is not None:
        rows = (_later(row, moved - lived) for row in _rows(file, catalog, subscribers) if _is_early(row))
        added, refused = _import(seller_id, rows)
        _logins(seller_id)
        live(seller_id)
    left = (row for row in _rows(file, catalog, subscribers) if lived is None or not _is_early(row))
    more = _import(seller_id, (_later(row, moved) for row in left))
    if lived is None:
        _logins(seller_id)
    return Loaded(seller_id, added + more[0], refused + more[1])


def point_at(panels: SandboxPanels) -> None:
    """After a restart the panels may listen elsewhere: write their addresses into the rows."""
    with writing(_CTX) as tx:
        for code, settings in panels.settings().items():
            panel = tx.session.scalar(select(Panel).where(Panel.code == code))
            if panel is not None:
                store_settings(plugins().module(panel.module).settings_type, panel, settings)
        account = tx.session.scalar(select(GatewayAccount).where(GatewayAccount.gateway == "sandbox_cards"))
        if account is not None:
            _open_cards(account, panels)


def _rows(file: Path, catalog: Catalog, limit: int | None) -> Iterator[_Row]:
    with file.open("rb") as stream:
        yield from islice(read_rows(stream, catalog.assortment), limit)


def _is_early(row: _Row) -> bool:
    return row.line % _EARLY == _FIRST_LINE


def _later(row: _Row, by: timedelta) -> _Row:
    """With each day so much later. What is counted from then on is found anew: months are of different lengths."""
    if not isinstance(row, GoodRow) or not by:
        return row
    days = row.dates
    return replace(row, dates=place_dates(row.sale.offer, days.started_on + by, days.paid_through + by))


def _moved(catalog: Catalog, by: timedelta) -> Catalog:
    """With its live events so much later."""
    events = {code: replace(one, starts=one.starts + by, ends=one.ends + by) for code, one in catalog.events.items()}
    return replace(catalog, events=events)


def _import(seller_id: int, rows: Iterator[_Row]) -> tuple[int, int]:
    added = refused = 0
    while batch := list(islice(rows, _BATCH)):
        good = [row for row in batch if isinstance(row, GoodRow)]
        refused += len(batch) - len(good)
        with writing(_CTX) as tx:
            added += import_subscribers(tx, seller_id, good).added
    return added, refused


def _gateway_accounts(tx: Tx, seller_id: int, panels: SandboxPanels) -> None:
    cards = GatewayAccount(
        seller_id=seller_id,
        code="cards",
        name="Card",
        gateway="sandbox_cards",
        callback_token=secrets.token_urlsafe(24),
        position=1,
    )
    _open_cards(cards, panels)
    bank = GatewayAccount(
        seller_id=seller_id,
        code="bank",
        name="Bank transfer",
        gateway="bank_transfer",
        callback_token=secrets.token_urlsafe(24),
        position=2,
    )
    transfer = {
        "holder": "NorthCable Oy",
        "iban": _IBAN,
        "bic": "NDEAFIHH",
        "bank": "Example Bank, Helsinki",
    }
    store_settings(plugins().gateway("bank_transfer").settings_type, bank, transfer)
    tx.session.add_all([cards, bank])


def _papers(tx: Tx, seller_id: int) -> None:
    """What stands on the demo's documents beside what its catalogue says of it."""
    seller = tx.session.get_one(Seller, seller_id)
    told = SellerInvoicing(
        legal_name=seller.legal_name,
        vat_id=seller.vat_id,
        street=str(seller.address.get("street", "")),
        postcode=str(seller.address.get("postcode", "")),
        city=str(seller.address.get("city", "")),
        registration="Trade register Helsinki, 0123456-2",
        contact="Billing desk",
        phone="+358 9 555 0100",
        iban=_IBAN,
        bic="NDEAFIHH",
        bank="Example Bank, Helsinki",
        legal_footer="Managing director: Aino Virtanen",
        einvoice="facturx",
    )
    set_invoicing(tx, seller_id, told)


def _open_cards(account: GatewayAccount, panels: SandboxPanels) -> None:
    settings = {"url": panels.stalker, "api_key": "sk_sandbox_demo", "callback_secret": "whsec_sandbox_demo"}
    store_settings(plugins().gateway("sandbox_cards").settings_type, account, settings)


def _mail(tx: Tx, folder: Path) -> None:
    """Mail is written into a folder: nothing of a demo ever leaves the machine."""
    name = plugins().channel_plugin("email").name
    row = tx.session.get(PluginState, name) or PluginState(name=name, active=True, settings={}, secrets="")
    row.changed_at = clock.now()
    settings_type = plugins().get(name).settings_type
    assert settings_type is not None, "the e-mail channel has settings"
    store_settings(settings_type, row, {"spool": str(folder)})
    tx.session.add(row)


def _logins(seller_id: int) -> None:
    """One person per role, all with the demo password."""
    with writing(_CTX) as tx:
        _write_logins(tx, seller_id)


def _write_logins(tx: Tx, seller_id: int) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=8192).hash(DEMO_PASSWORD)
    customer = tx.session.scalar(select(Subscription.customer_id).order_by(Subscription.id).limit(1))
    reseller = tx.session.scalar(select(Reseller.id).where(Reseller.code == "aurora"))
    buyer = tx.session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller))
    people: list[tuple[str, Role, dict[str, Any]]] = [
        ("staff@northcable.example", Role.STAFF, {"staff_role_id": make_starting_roles(tx)[OWNER]}),
        ("reseller@northcable.example", Role.SUPER_RESELLER, {"reseller_id": reseller, "customer_id": buyer}),
        ("viewer@northcable.example", Role.CUSTOMER, {"customer_id": customer}),
    ]
    for email, role, more in people:
        tx.session.add(
            User(
                seller_id=seller_id,
                email=email,
                role=role.value,
                password_hash=hashed,
                created_at=clock.now(),
                **more,
            )
        )
