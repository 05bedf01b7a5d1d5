"""The part of a catalogue that is sold: price lists, plans and their offers, add-ons, single sales, resellers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from billhead.actions.importing._catalog import (
    AddOn,
    Bouquet,
    CreditPackage,
    Device,
    Fee,
    Offer,
    Panel,
    PayPerView,
    Plan,
    PriceTag,
    Rental,
    ResellerAccount,
    ResellerPlan,
    ServiceTemplate,
    Tier,
    Trial,
)
from billhead.actions.importing._customers_say import read_customers_say
from billhead.actions.importing._regions import read_regions
from billhead.actions.importing._toml import NO_TERM, Table, parse_short_term
from billhead.actions.importing._usage_offers import read_metrics, read_usage_offers
from billhead.domain.countries import known_country
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS
from billhead.domain.periods import Term, zone

ROLES = ("reseller", "super_reseller")
DEVICE_KINDS = ("mag", "enigma2")
_LONGEST_HOURS = 24 * 3660
_PLAN_KINDS = {
    ("stream",): "stream",
    ("mag",): "mag",
    ("enigma2",): "enigma2",
    ("mag", "stream"): "paired",
}


class Offerings:
    """Reads what is sold against what the operator has: currencies, tax classes, panels, bouquets, tiers."""

    def __init__(
        self,
        root: Table,
        currencies: Collection[str],
        tax_classes: Collection[str],
        panels: Mapping[str, Panel],
        bouquets: Mapping[str, Bouquet],
        tiers: Mapping[str, Tier],
    ) -> None:
        self._root = root
        self._currencies = currencies
        self._tax_classes = tax_classes
        self._panels = panels
        self._bouquets = bouquets
        self._tiers = tiers
        self.metrics = read_metrics(root)
        self.usage = read_usage_offers(root, self.metrics, currencies)
        self._price_lists = {code: self._terms(table) for code, table in root.coded("price_lists")}
        self.fees = {code: self._fee(code, table) for code, table in root.coded("fees")}
        self.plans = {code: self._plan(code, table) for code, table in root.coded("plans")}
        self.offers = {offer.code: offer for offer in self._offers()}
        self.addons = {code: self._addon(code, table) for code, table in root.coded("addons")}
        self.events = {code: self._event(code, table) for code, table in root.coded("events")}
        self.rentals = {code: self._rental(code, table) for code, table in root.coded("rentals")}
        self.devices = {code: self._device(code, table) for code, table in root.coded("devices")}
        self.reseller_plans = {code: self._reseller_plan(code, t) for code, t in root.coded("reseller_plans")}
        self.credit_packages = {code: self._package(code, t) for code, t in root.coded("credit_packages")}
        self.resellers = self._resellers()

    def _price(self, table: Table) -> PriceTag:
        amounts = {}
        for currency in table.names():
            if currency == "credits":
                continue
            if currency not in self._currencies:
                table.value(currency)
                known = ", ".join(self._currencies)
                table.wrong(
                    currency,
                    "is not a currency of the seller",
                    f"Use {known} or add it to [seller] currencies.",
                )
                continue
            amounts[currency] = table.money(currency, currency)
        if not amounts:
            table.problems.add(table.place, "has no price", 'Add one, like EUR = "9.99".')
        return PriceTag(amounts, table.money("credits", CREDITS) if table.has("credits") else None)

    def _terms(self, table: Table) -> dict[Term, PriceTag]:
        prices: dict[Term, PriceTag] = {}
        for key in table.names():
            term = self._term(table, key, key)
            if term in prices:
                table.wrong(key, "is the same term as one above", "Leave one of them out.")
            prices[term] = self._price(table.child(key))
        if not prices:
            table.problems.add(table.place, "has no term", 'Add one, like 1m = { EUR = "9.99" }.')
        return prices

    def _term(self, table: Table, key: str, text: str) -> Term:
        try:
            return parse_short_term(text)
        except InvalidInput as error:
            table.problems.add_refused(table.at(key), error)
            return NO_TERM

    def _prices(self, table: Table) -> dict[Term, PriceTag]:
        """`prices` is the name of a price list, or a table of terms of its own; `terms` picks from it."""
        if isinstance(table.value("prices"), str):
            prices = self._price_lists.get(table.one_of("prices", self._price_lists), {})
        else:
            prices = self._terms(table.child("prices"))
        if not table.has("terms"):
            return prices
        wanted = [self._term(table, "terms", text) for text in table.items("terms", str, 'Write ["1m", "3m"].')]
        for term in wanted:
            if prices and term not in prices:
                table.wrong("terms", f"there is no price for {term}", "Add it to the price list.")
        return {term: price for term, price in prices.items() if term in wanted}

    def _tax_class(self, table: Table) -> str:
        return table.one_of("tax_class", self._tax_classes)

    def _fee(self, code: str, table: Table) -> Fee:
        fee = Fee(code, table.text("name"), self._tax_class(table), self._price(table.child("price")))
        table.finish()
        return fee

    def _plan(self, code: str, table: Table) -> Plan:
        services = tuple(self._service(row) for row in table.rows("services"))
        kind = _PLAN_KINDS.get(tuple(sorted(service.kind for service in services)), "")
        if not kind:
            table.wrong(
                "services",
                "is no known combination",
                "Use one stream, mag or enigma2, or a stream and a mag.",
            )
        plan = Plan(
            code=code,
            name=table.text("name"),
            kind=kind,
            tier=table.one_of("tier", self._tiers),
            tax_class=self._tax_class(table),
            services=tuple(sorted(services, key=lambda one: one.kind != "stream")),  # a box hangs on the line before it
            bouquets=table.some_of("bouquets", self._bouquets),
            connections=table.whole("connections", 1, minimum=1),
            setup_fee=table.one_of("setup_fee", self.fees, ""),
            trial=self._trial(table.child("trial")) if table.has("trial") else None,
            once_per_customer=table.flag("once_per_customer", False),
            prices=self._prices(table),
            usage=table.some_of("usage", self.usage, []),
            regions=read_regions(table),
            customers_say=read_customers_say(table),
        )
        self._check_plan(plan, table)
        table.finish()
        return plan

    def _service(self, row: Table) -> ServiceTemplate:
        service = ServiceTemplate(
            row.one_of("kind", ("stream", *DEVICE_KINDS)),
            row.one_of("panel", self._panels),
            row.text("panel_plan", ""),
        )
        row.finish()
        return service

    def _trial(self, table: Table) -> Trial:
        trial = Trial(self._term(table, "term", table.text("term")), self._price(table.child("price")))
        table.finish()
        return trial

    def _check_plan(self, plan: Plan, table: Table) -> None:
        for service in plan.services:
            if not service.panel_plan:
                self._check_mapped(plan.bouquets, service.panel, table)
        sold_in = {currency for price in plan.prices.values() for currency in price.amounts}
        if plan.trial:
            self._check_priced(sold_in, plan.trial.price, "trial", table)
        if plan.setup_fee in self.fees:
            self._check_priced(sold_in, self.fees[plan.setup_fee].price, "setup_fee", table)
        self._check_metered(plan.usage, plan.prices, table)

    def _check_metered(self, usage: tuple[str, ...], prices: Mapping[Term, PriceTag], table: Table) -> None:
        """Metered use is priced in every currency of the plan, and each metric once."""
        offers = [self.usage[code] for code in usage if code in self.usage]
        for currency in sorted({currency for price in prices.values() for currency in price.amounts}):
            for offer in offers:
                if currency not in offer.terms:
                    table.wrong("usage", f"{offer.code} has no price in {currency}, but the plan has", "Add one to it.")
        for metric in sorted({offer.metric for offer in offers}):
            if sum(offer.metric == metric for offer in offers) > 1:
                table.wrong("usage", f"{metric} is counted twice", "Leave one of them out.")

    def _check_mapped(self, bouquets: tuple[str, ...], panel: str, table: Table) -> None:
        for code in bouquets:
            if panel in self._panels and code in self._bouquets and panel not in self._bouquets[code].on:
                table.wrong("bouquets", f"{code!r} is not on the panel {panel}", f"Add {panel} to bouquets.{code}.on.")

    def _check_priced(self, currencies: set[str], price: PriceTag, key: str, table: Table) -> None:
        for currency in sorted(currencies - set(price.amounts)):
            table.wrong(key, f"has no price in {currency}, but the plan has", f"Add a {currency} price to it.")

    def _offers(self) -> Iterator[Offer]:
        for plan in self.plans.values():
            for term, price in plan.prices.items():
                yield Offer.of(plan, term, price)

    def _addon(self, code: str, table: Table) -> AddOn:
        addon = AddOn(
            code=code,
            name=table.text("name"),
            tax_class=self._tax_class(table),
            plans=table.some_of("plans", self.plans),
            bouquets=table.some_of("bouquets", self._bouquets, []),
            connections=table.whole("connections", 0),
            max_units=table.whole("max_units", 1, minimum=1),
            prices=self._prices(table),
            usage=table.some_of("usage", self.usage, []),
            regions=read_regions(table),
        )
        if bool(addon.bouquets) + bool(addon.connections) != 1 and not (addon.usage and not addon.connections):
            table.wrong("bouquets", "an add-on adds either bouquets or connections", "Give exactly one of the two.")
        self._check_metered(addon.usage, addon.prices, table)
        for plan in (self.plans[name] for name in addon.plans if name in self.plans):
            for service in plan.services:
                self._check_mapped(addon.bouquets, service.panel, table)
            for bouquet in sorted(set(addon.bouquets) & set(plan.bouquets)):
                table.wrong("plans", f"{plan.code} holds the bouquet {bouquet} already", "Leave the plan out.")
        table.finish()
        return addon

    def _event(self, code: str, table: Table) -> PayPerView:
        event = PayPerView(
            code=code,
            name=table.text("name"),
            tax_class=self._tax_class(table),
            bouquets=table.some_of("bouquets", self._bouquets),
            starts=table.instant("starts"),
            ends=table.instant("ends"),
            on_bill=table.flag("on_bill", False),
            price=self._price(table.child("price")),
            regions=read_regions(table),
        )
        if event.ends < event.starts:
            table.wrong("ends", "is before the start", "Write the later of the two here.")
        table.finish()
        return event

    def _rental(self, code: str, table: Table) -> Rental:
        rental = Rental(
            code=code,
            name=table.text("name"),
            tax_class=self._tax_class(table),
            hours=table.whole("hours", minimum=1),
            uses=table.whole("uses", 0),
            unit=table.text("unit", ""),
            on_bill=table.flag("on_bill", False),
            price=self._price(table.child("price")),
            regions=read_regions(table),
        )
        if rental.hours > _LONGEST_HOURS:
            table.wrong("hours", f"{rental.hours} is more than ten years", "Write how long it may be watched.")
        table.finish()
        return rental

    def _device(self, code: str, table: Table) -> Device:
        device = Device(
            code,
            table.text("name"),
            self._tax_class(table),
            table.one_of("kind", DEVICE_KINDS),
            self._price(table.child("price")),
        )
        table.finish()
        return device

    def _reseller_plan(self, code: str, table: Table) -> ResellerPlan:
        plan = ResellerPlan(
            code=code,
            name=table.text("name"),
            role=table.one_of("role", ROLES),
            tax_class=self._tax_class(table),
            price=self._price(table.child("price")),
            startup_credits=table.money("startup_credits", CREDITS),
            sells=table.some_of("sells", self.plans),
            trials_per_day=table.whole("trials_per_day", 0),
            may_terminate=table.flag("may_terminate", False),
        )
        for sold in (self.plans[name] for name in plan.sells if name in self.plans):
            if not any(price.credits for price in sold.prices.values()):
                table.wrong("sells", f"{sold.code} has no price in credits", "Add credits to its prices.")
        table.finish()
        return plan

    def _package(self, code: str, table: Table) -> CreditPackage:
        package = CreditPackage(
            code=code,
            name=table.text("name"),
            tax_class=self._tax_class(table),
            roles=table.some_of("roles", ROLES),
            value=table.money("value", CREDITS),
            cost=self._price(table.child("cost")),
        )
        if not package.value:
            table.wrong("value", "is nothing", "Write how many credits the buyer gets.")
        table.finish()
        return package

    def _resellers(self) -> dict[str, ResellerAccount]:
        tables = dict(self._root.coded("resellers"))
        accounts = {code: self._reseller(code, table) for code, table in tables.items()}
        for code, account in accounts.items():
            above = accounts.get(account.parent)
            if account.parent and above is None:
                tables[code].one_of("parent", accounts)
            elif above and self._role(above) == "reseller":
                tables[code].wrong("parent", f"{above.code} is no super-reseller", "Only those have resellers below.")
            if self._circular(account, accounts):
                tables[code].wrong("parent", "stands above itself", "Leave out the parent of the topmost one.")
        return accounts

    def _role(self, account: ResellerAccount) -> str:
        plan = self.reseller_plans.get(account.plan)
        return plan.role if plan else ""

    def _circular(self, account: ResellerAccount, accounts: Mapping[str, ResellerAccount]) -> bool:
        seen: set[str] = set()
        above: ResellerAccount | None = account
        while above is not None and above.code not in seen:
            seen.add(above.code)
            above = accounts.get(above.parent)
        return above is not None

    def _reseller(self, code: str, table: Table) -> ResellerAccount:
        account = ResellerAccount(
            code=code,
            name=table.text("name"),
            plan=table.one_of("plan", self.reseller_plans),
            parent=table.text("parent", ""),
            email=table.text("email"),
            country=checked_country(table),
            zone=table.text("zone"),
            currency=table.one_of("currency", self._currencies),
            language=table.text("language", "en"),
        )
        check_zone(table, account.zone)
        table.finish()
        return account


def checked_country(table: Table) -> str:
    told = table.text("country")
    try:
        return known_country("country", told) if told else ""
    except InvalidInput as error:
        table.problems.add_refused(table.at("country"), error)
        return ""


def check_zone(table: Table, name: str) -> None:
    try:
        if name:
            zone(name)
    except InvalidInput as error:
        table.problems.add_refused(table.at("zone"), error)
