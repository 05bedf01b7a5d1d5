"""Write a catalogue into the database. Loading the same file again changes nothing; a changed price adds a version."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._versions import metered_by
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.actions.importing import _catalog as listed
from billhead.actions.importing._resellers import add_resellers
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.dunning import RetrySchedule
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.domain.regions import EVERYWHERE, Regions
from billhead.domain.tax import TaxRounding
from billhead.domain.usage import plain_terms
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.usage import UsageMetric, UsagePrice
from billhead.plugin_host import plugins, store_settings

__all__ = ["ImportedCatalog", "import_catalog"]


@dataclass(frozen=True, slots=True)
class ImportedCatalog:
    """How many; `start_up_minor`: the credits that new resellers begin with, in hundredths."""

    seller_id: int
    plans: int
    prices: int
    panels: int
    resellers: int = 0
    start_up_minor: int = 0


@dataclass(slots=True)
class _Writer:
    session: Session
    seller: Seller
    books: dict[str, PriceBook]
    metrics: dict[str, int]
    prices: int = 0

    def plan(
        self,
        code: str,
        name: str,
        kind: str,
        tax_class: str,
        regions: Regions = EVERYWHERE,
        *,
        details: Mapping[str, Any],
        **values: Any,
    ) -> Plan:
        """Of its details, what the file does not name stays as it was entered."""
        plan = self.session.scalar(select(Plan).where(Plan.seller_id == self.seller.id, Plan.code == code))
        plan = plan or Plan(seller_id=self.seller.id, code=code)
        plan.name, plan.kind, plan.tax_class = name, kind, tax_class
        plan.country_rule, plan.countries = regions.rule, list(regions.countries)
        plan.details = {**(plan.details or {}), **details}
        for field, value in values.items():
            setattr(plan, field, value)
        self.session.add(plan)
        self.session.flush()
        return plan

    def price(
        self,
        plan: Plan,
        term: str,
        tag: listed.PriceTag,
        usage: Sequence[listed.UsageOffer] = (),
        **extra: Mapping[str, Money],
    ) -> None:
        """`extra` holds per-currency amounts of other columns, e.g. setup_minor={"EUR": …}."""
        for currency, amount in tag.amounts.items():
            book = self.books[currency]
            values: dict[str, int | None] = {n: by[currency].minor for n, by in extra.items() if currency in by}
            values |= {"amount_minor": amount.minor, "credit_minor": tag.credits.minor if tag.credits else None}
            metered = {self.metrics[one.metric]: plain_terms(one.terms[currency]) for one in usage}
            self._version(book.id, plan.id, term, values, metered)

    def _version(
        self, book_id: int, plan_id: int, term: str, values: dict[str, Any], metered: dict[int, dict[str, Any]]
    ) -> None:
        last = self.session.scalar(
            select(Price)
            .where(Price.book_id == book_id, Price.plan_id == plan_id, Price.term == term)
            .order_by(Price.withdrawn_on.is_not(None), Price.version.desc())
            .limit(1)
        )
        same = last is not None and all(getattr(last, name) == value for name, value in values.items())
        if last is not None and same and metered_by(self.session, last) == metered:
            return
        today = clock.today_in(self.seller.zone)
        if last is not None:
            last.valid_until = today
        same_price = (Price.book_id == book_id, Price.plan_id == plan_id, Price.term == term)
        version = int(self.session.scalar(select(func.max(Price.version)).where(*same_price)) or 0) + 1
        since = today if last else None
        price = Price(book_id=book_id, plan_id=plan_id, term=term, version=version, valid_from=since, **values)
        self.session.add(price)
        self.prices += 1
        if metered:
            self.session.flush()
            for metric_id, terms in metered.items():
                self.session.add(UsagePrice(price_id=price.id, metric_id=metric_id, terms=terms))

    def bring(self, plan: Plan, bouquets: Mapping[str, int], codes: tuple[str, ...]) -> None:
        for code in codes:
            if self.session.get(PlanBouquet, (plan.id, bouquets[code])) is None:
                self.session.add(PlanBouquet(plan_id=plan.id, bouquet_id=bouquets[code]))


@verb("importing.import_catalog", permission="catalogue.write")
def import_catalog(tx: Tx, catalog: listed.Catalog) -> ImportedCatalog:
    """Seller, panels, bouquets, plans and prices of a catalogue that `read_catalog` has found to be without mistakes.

    Raises NotAllowed for who may not change sellers and panels too (and resellers, where it names any),
    NotFound when no active plugin here offers a panel's module or the tax engine, InvalidInput when the settings of a
    panel don't fit.
    """
    for needed in ("sellers.write", "panels.write", *(["resellers.write"] if catalog.resellers else [])):
        if not tx.ctx.may(needed):
            raise NotAllowed(f"{tx.ctx.actor} may not take in a catalogue: it needs {needed}")
    seller = _seller(tx.session, catalog)
    writer = _Writer(tx.session, seller, _books(tx.session, seller, catalog), _metrics(tx.session, seller, catalog))
    bouquets = _panels_and_bouquets(tx.session, seller, catalog)
    for plan in catalog.plans.values():
        _plan(writer, catalog, bouquets, plan)
    for addon in catalog.addons.values():
        kind = "connection" if addon.connections else "bouquet"
        details = {"plans": list(addon.plans), "max_units": addon.max_units}
        row = writer.plan(
            addon.code,
            addon.name,
            kind,
            addon.tax_class,
            addon.regions,
            connections=addon.connections,
            details=details,
            listed=False,
        )
        writer.bring(row, bouquets, addon.bouquets)
        usage = [catalog.usage[code] for code in addon.usage]
        for term, tag in addon.prices.items():
            writer.price(row, str(term), tag, usage)
    _sold_once(writer, catalog, bouquets)
    resellers, start_up_minor = add_resellers(tx, seller, catalog)
    retries = RetrySchedule(catalog.dunning.retry_days)
    save_policy(tx, PolicyEntry(seller.id, stages=catalog.dunning.stages, retries=retries))
    tx.session.flush()
    plans = len(catalog.plans) + len(catalog.addons)
    return ImportedCatalog(seller.id, plans, writer.prices, len(catalog.panels), resellers, start_up_minor)


def _seller(session: Session, catalog: listed.Catalog) -> Seller:
    told, policy = catalog.seller, catalog.policy
    seller = session.scalar(select(Seller).where(Seller.code == told.code)) or Seller(code=told.code)
    seller.name, seller.legal_name, seller.country = told.name, told.legal_name, told.country
    seller.address = {**told.address, "country": told.country, "email": told.email}
    seller.vat_id, seller.zone, seller.currency = told.vat_id, told.zone, told.base_currency
    seller.lead_days, seller.grace_hours, seller.terms_days = (
        policy.lead_days, policy.grace_hours, policy.invoice_due_days,
    )  # fmt: skip
    seller.mail_from, seller.theme = told.email, told.theme
    seller.tax_engine = plugins().tax_engine(told.tax_engine).code if told.tax_engine else ""
    seller.tax_rounding = told.tax_rounding or seller.tax_rounding or TaxRounding.PER_LINE.value
    session.add(seller)
    session.flush()
    known = set(session.scalars(select(TaxRegistration.jurisdiction).where(TaxRegistration.seller_id == seller.id)))
    for registration in told.tax_registrations:
        if registration.jurisdiction not in known:
            session.add(TaxRegistration(seller_id=seller.id, **asdict(registration)))
    return seller


def _books(session: Session, seller: Seller, catalog: listed.Catalog) -> dict[str, PriceBook]:
    books = {}
    for currency in catalog.seller.currencies:
        code = currency.lower()
        book = session.scalar(select(PriceBook).where(PriceBook.seller_id == seller.id, PriceBook.code == code))
        books[currency] = book or PriceBook(
            seller_id=seller.id, code=code, currency=currency, tax_inclusive=catalog.seller.prices_include_tax
        )
        session.add(books[currency])
    session.flush()
    return books


def _metrics(session: Session, seller: Seller, catalog: listed.Catalog) -> dict[str, int]:
    """What is counted. How is never changed: what was recorded would come to mean something else."""
    ids = {}
    for metric in catalog.metrics.values():
        mine = UsageMetric.seller_id == seller.id, UsageMetric.code == metric.code
        row = session.scalar(select(UsageMetric).where(*mine))
        if row is None:
            how = {"aggregation": metric.aggregation, "decimals": metric.decimals}
            row = UsageMetric(seller_id=seller.id, code=metric.code, **how)
        elif (row.aggregation, row.decimals) != (metric.aggregation, metric.decimals):
            raise InvalidInput(
                f"metrics.{metric.code}",
                counted(
                    row.decimals,
                    f"counts {row.aggregation} with {row.decimals} decimal already",
                    f"counts {row.aggregation} with {row.decimals} decimals already",
                ),
                hint="Give what is counted otherwise a code of its own.",
            )
        row.name, row.unit = metric.name, metric.unit
        session.add(row)
        session.flush()
        ids[metric.code] = row.id
    return ids


def _panels_and_bouquets(session: Session, seller: Seller, catalog: listed.Catalog) -> dict[str, int]:
    panels: dict[str, Panel] = {}
    for told in catalog.panels.values():
        panel = session.scalar(select(Panel).where(Panel.code == told.code))
        if panel is None:  # one that is there keeps what was entered since: a file is no place for real secrets
            panel = Panel(seller_id=seller.id, code=told.code, name=told.name, module=told.module, secrets="")
            store_settings(plugins().module(told.module).settings_type, panel, dict(told.settings))
            session.add(panel)
        panels[told.code] = panel
    session.flush()
    ids = {}
    for bouquet in catalog.bouquets.values():
        row = session.scalar(select(Bouquet).where(Bouquet.seller_id == seller.id, Bouquet.code == bouquet.code))
        row = row or Bouquet(seller_id=seller.id, code=bouquet.code)
        row.name = bouquet.name
        row.country_rule, row.countries = bouquet.regions.rule, list(bouquet.regions.countries)
        session.add(row)
        session.flush()
        ids[bouquet.code] = row.id
        for panel_code, remote in bouquet.on.items():
            _name_on_panel(session, panels[panel_code].id, row.id, remote)
    return ids


def _name_on_panel(session: Session, panel_id: int, bouquet_id: int, remote: str) -> None:
    row = session.scalar(
        select(PanelBouquet).where(PanelBouquet.panel_id == panel_id, PanelBouquet.bouquet_id == bouquet_id)
    )
    row = row or PanelBouquet(panel_id=panel_id, bouquet_id=bouquet_id)
    row.remote = remote
    session.add(row)


def _plan(writer: _Writer, catalog: listed.Catalog, bouquets: Mapping[str, int], plan: listed.Plan) -> None:
    row = writer.plan(
        plan.code,
        plan.name,
        plan.kind,
        plan.tax_class,
        plan.regions,
        tier=catalog.tiers[plan.tier].rank if plan.tier else 0,
        connections=plan.connections,
        renewal_from=catalog.policy.renew_from,
        proration=catalog.policy.proration,
        details={
            "services": [asdict(s) for s in plan.services],
            "once_per_customer": plan.once_per_customer,
            **plan.customers_say,
        },
    )
    writer.bring(row, bouquets, plan.bouquets)
    extra: dict[str, Mapping[str, Money]] = {}
    if plan.setup_fee:
        extra["setup_minor"] = catalog.fees[plan.setup_fee].price.amounts
    if plan.trial:
        extra["trial_minor"] = plan.trial.price.amounts
    for term, tag in plan.prices.items():
        writer.price(row, str(term), tag, [catalog.usage[code] for code in plan.usage], **extra)
    if plan.trial:
        writer.session.flush()
        for price in writer.session.scalars(select(Price).where(Price.plan_id == row.id)):
            price.trial_term = str(plan.trial.term)
            price.trial_credit_minor = plan.trial.price.credits.minor if plan.trial.price.credits else None


def _sold_once(writer: _Writer, catalog: listed.Catalog, bouquets: Mapping[str, int]) -> None:
    for event in catalog.events.values():
        details: dict[str, Any] = {"starts": event.starts.isoformat(), "ends": event.ends.isoformat()}
        details["on_bill"] = event.on_bill
        row = writer.plan(event.code, event.name, "ppv", event.tax_class, event.regions, details=details, listed=False)
        writer.bring(row, bouquets, event.bouquets)
        writer.price(row, "", event.price)
    for rental in catalog.rentals.values():
        details = {"hours": rental.hours, "uses": rental.uses, "unit": rental.unit, "on_bill": rental.on_bill}
        row = writer.plan(
            rental.code, rental.name, "rental", rental.tax_class, rental.regions, details=details, listed=False
        )
        writer.price(row, "", rental.price)
    for device in catalog.devices.values():
        row = writer.plan(
            device.code, device.name, "device", device.tax_class, details={"kind": device.kind}, listed=False
        )
        writer.price(row, "", device.price)
    for shop in catalog.reseller_plans.values():
        details = {
            "sells": list(shop.sells),
            "trials_per_day": shop.trials_per_day,
            "may_terminate": shop.may_terminate,
        }
        row = writer.plan(
            shop.code, shop.name, shop.role, shop.tax_class,
            start_up_credits_minor=shop.startup_credits.minor, details=details, listed=False,
        )  # fmt: skip
        writer.price(row, "", shop.price)
    for package in catalog.credit_packages.values():
        details = {"roles": list(package.roles)}
        row = writer.plan(
            package.code, package.name, "credit_package", package.tax_class,
            credits_minor=package.value.minor, details=details, listed=False,
        )  # fmt: skip
        writer.price(row, "", package.cost)
