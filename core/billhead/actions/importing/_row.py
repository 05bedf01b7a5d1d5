"""Checks one row of a subscriber file: every field is tried, so that its refusals name all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TypeVar

from billhead.actions.importing import _fields
from billhead.actions.importing._catalog import AddOn, Assortment, Offer, PriceTag
from billhead.actions.importing._fields import refuse
from billhead.actions.importing._subscriber import (
    Access,
    AddOnUnits,
    Dates,
    GoodRow,
    PaymentChoice,
    Person,
    Refusal,
    Sale,
)
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money
from billhead.domain.periods import cycle_index, cycle_start, zone
from billhead.domain.typed_text import seen_text

REQUIRED = (
    "external_ref",
    "name",
    "email",
    "country",
    "zone",
    "currency",
    "plan",
    "started_on",
    "paid_through",
)
KINDS = ("stream", "mag", "paired", "enigma2")
_NEVER = date.min
_HIDDEN = "(hidden)"
_T = TypeVar("_T")


class RowCheck:
    """`holders` remembers across rows which line holds a value that must be unique."""

    def __init__(
        self,
        sold: Assortment,
        holders: dict[tuple[str, str], int],
        line: int,
        fields: Mapping[str, str],
        *,
        decimal_comma: bool,
    ) -> None:
        self._here = sold
        self._holders = holders
        self._line = line
        self._fields = {column: text.strip() for column, text in fields.items()}
        self._decimal_comma = decimal_comma
        self.refusals: list[Refusal] = []

    def read(self) -> GoodRow | None:
        """The row, or None once `refusals` says why not."""
        person = self._person()
        offer = self._take("plan", self._offer, None)
        kind = self._take("kind", self._kind, "")
        payment = self._take("payment_method", _fields.payment_method, PaymentChoice("bank_transfer"))
        payment = replace(payment, timing=self._take("timing", partial(_fields.timing, payment.way), "advance"))
        reseller = self._take("reseller", self._reseller, "")
        no_addons: tuple[AddOnUnits, ...] = ()
        addons = self._take("addons", self._addons, no_addons)
        connections = self._take("connections", _fields.connections, 0)
        access = self._access(offer.plan.kind if offer else kind)
        balance = self._balance(person.currency)
        dates = self._dates(offer)
        if offer is None:
            return None
        self._check_offer(offer, kind, person.currency, payment, reseller)
        addons = (*addons, *self._screens(offer, connections))
        self._check_addons(offer, addons, person.currency, payment)
        if dates.in_trial and payment.timing == "arrears":
            self._refuse("timing", "bad_timing", "a trial turns into a term that is paid in advance", "Leave it empty.")
        if self.refusals:
            return None
        sale = Sale(offer, addons, connections or offer.plan.connections)
        return GoodRow(self._line, person, sale, access, dates, payment, reseller, balance)

    def _take(self, column: str, parse: Callable[[str], _T], empty: _T, code: str = "") -> _T:
        """The parsed field; `empty` where there is nothing in it, or nothing that can be used."""
        text = self._fields.get(column, "")
        try:
            _fields.readable(text, notes=column == "notes")
            if text:
                return parse(text)
            if column in REQUIRED:
                raise refuse("missing_value", "is empty", "Fill it in: no subscriber can be kept without it.")
        except InvalidInput as error:
            self._refuse(column, code if error.code == "invalid_input" else error.code, error.why, error.hint or "")
        return empty

    def _refuse(self, column: str, code: str, reason: str, hint: str) -> None:
        secret = column == "password" or code == "card_number"
        value = _HIDDEN if secret else shown(self._fields.get(column, ""))
        self.refusals.append(Refusal(self._line, column, value, code, shown(reason), hint))

    def _sound(self, *columns: str) -> bool:
        return not any(refusal.column in columns for refusal in self.refusals)

    def _unique(self, column: str, value: str) -> str:
        if value:
            first = self._holders.setdefault((column, value.casefold()), self._line)
            if first != self._line:
                self._refuse(
                    column,
                    f"duplicate_{column}",
                    f"line {first} has it already",
                    "Correct one of the two, or leave one of the lines out.",
                )
        return value

    def _person(self) -> Person:
        return Person(
            external_ref=self._unique("external_ref", self._take("external_ref", str, "")),
            name=self._take("name", seen_text, ""),
            email=self._unique("email", self._take("email", _fields.email, "").lower()),
            phone=self._take("phone", _fields.phone, ""),
            country=self._take("country", _fields.country, ""),
            region=self._take("region", str, ""),
            zone=self._take("zone", lambda text: zone(text).key, "", code="bad_zone"),
            currency=self._take("currency", self._currency, ""),
            language=self._take("language", _fields.language, self._here.language),
            vat_id=self._take("vat_id", _fields.vat_id, ""),
            notes=self._take("notes", str, ""),
        )

    def _currency(self, text: str) -> str:
        return _fields.one_of(text.upper(), self._here.currencies, "unknown_currency", "a currency of the seller")

    def _offer(self, text: str) -> Offer | None:
        named = text if text in self._here.plans else text.rpartition("-")[0]
        terms = [offer.code for offer in self._here.offers.values() if offer.plan.code == named]
        if terms and text not in terms:
            mend = f"Write plan and term: {', '.join(terms)}."
            raise refuse("unknown_plan", f"{text!r} is not sold: {named} is, for other terms", mend)
        return self._here.offers[
            _fields.one_of(text, self._here.offers, "unknown_plan", "a plan and term of the catalogue")
        ]

    def _kind(self, text: str) -> str:
        return _fields.one_of(text, KINDS, "bad_kind", "a kind")

    def _reseller(self, text: str) -> str:
        return _fields.one_of(text, self._here.sells, "unknown_reseller", "a reseller of the catalogue")

    def _addons(self, text: str) -> tuple[AddOnUnits, ...]:
        """ "sport|kids"; screens are counted in their own column."""
        codes = [code.strip() for code in re.split(r"[|+]", text)]
        for code in codes:
            addon = self._here.addons[
                _fields.one_of(code, self._here.addons, "unknown_addon", "an add-on of the catalogue")
            ]
            if addon.connections:
                raise refuse("addon_by_connections", f"{code} is sold by the unit", "Count it in connections.")
            if codes.count(code) > 1:
                raise refuse("repeated_addon", f"{code} stands there twice", "Leave one of them out.")
        return tuple(AddOnUnits(self._here.addons[code], 1) for code in codes)

    def _balance(self, currency: str) -> Money:
        if not currency:  # refused already; without it the amount means nothing
            return Money.zero(self._here.base_currency)

        def parse(text: str) -> Money:
            return _fields.balance(text, currency, decimal_comma=self._decimal_comma)

        return self._take("balance", parse, Money.zero(currency))

    def _access(self, kind: str) -> Access:
        login = self._unique("login", self._take("login", _fields.login, ""))
        password = self._take("password", _fields.password, "")
        mac = self._unique("mac", self._take("mac", parse_mac, "", code="bad_mac"))
        if kind in ("stream", "paired", "enigma2"):
            for column in ("login", "password"):
                if not self._fields.get(column):
                    self._refuse(column, f"missing_{column}", f"is empty, but a {kind} needs it", "Fill it in.")
        if kind in ("mag", "paired") and not self._fields.get("mac"):
            self._refuse("mac", "missing_mac", f"is empty, but a {kind} needs it", "Copy it from the box's label.")
        if kind == "stream" and mac:
            self._refuse("mac", "mac_not_used", "a stream has no box", "Empty it, or choose a paired plan.")
        return Access(login, password, mac or None)

    def _dates(self, offer: Offer | None) -> Dates:
        started_on = self._take("started_on", _fields.day, _NEVER)
        paid_through = self._take("paid_through", _fields.day, _NEVER)
        if _NEVER not in (started_on, paid_through) and paid_through <= started_on:
            mend = "Write the first day that is not paid for."
            self._refuse("paid_through", "date_order", f"is not after started_on, {started_on}", mend)
        if offer is None or _NEVER in (started_on, paid_through):
            return Dates(started_on, paid_through, started_on, in_trial=False)
        return place_dates(offer, started_on, paid_through)

    def _check_offer(self, offer: Offer, kind: str, currency: str, payment: PaymentChoice, reseller: str) -> None:
        plan = offer.plan
        if kind and kind != plan.kind:
            mend = f"Write {plan.kind}, leave it empty, or name another plan."
            self._refuse("kind", "kind_mismatch", f"{plan.code} is a plan for {plan.kind}", mend)
        if currency and currency not in offer.price.amounts:
            mend = f"Add the price to the catalogue, or use one of: {', '.join(offer.price.amounts)}."
            self._refuse("currency", "price_not_offered", f"{offer.code} has no price in {currency}", mend)
        if payment.way != "credits" or not self._sound("reseller"):
            return
        if not reseller:
            self._refuse("reseller", "missing_reseller", "is empty, but credits are a reseller's", "Name the reseller.")
        elif plan.code not in self._here.sells[reseller]:
            mend = "Add the plan to what that reseller plan sells, or choose another plan."
            self._refuse("plan", "plan_not_for_reseller", f"{reseller} does not sell {plan.code}", mend)
        elif offer.price.credits is None:
            mend = "Add credits to that price in the catalogue."
            self._refuse("plan", "price_not_offered", f"{offer.code} has no price in credits", mend)

    def _screens(self, offer: Offer, connections: int) -> tuple[AddOnUnits, ...]:
        """The units of the add-on that brings the plan up to so many connections."""
        included = offer.plan.connections
        if connections in (0, included):
            return ()
        if connections < included:
            mend = f"Write {included} or more, or leave it empty."
            self._refuse("connections", "bad_connections", f"the plan includes {included}", mend)
            return ()
        addon = self._here.connection_addon(offer.plan.code)
        if addon is None:
            mend = f"Write {included}, or name a plan that can have more."
            self._refuse("connections", "connections_not_offered", f"{offer.plan.code} has {included}", mend)
            return ()
        units, rest = divmod(connections - included, addon.connections)
        if rest or units > addon.max_units:
            most = included + addon.max_units * addon.connections
            mend = f"Write at most {most}, in steps of {addon.connections}."
            self._refuse("connections", "bad_connections", f"{offer.plan.code} cannot have so many", mend)
            return ()
        return (AddOnUnits(addon, units),)

    def _check_addons(
        self, offer: Offer, addons: tuple[AddOnUnits, ...], currency: str, payment: PaymentChoice
    ) -> None:
        for addon in (bought.addon for bought in addons):
            column = "connections" if addon.connections else "addons"
            if offer.plan.code not in addon.plans:
                mend = f"Take it off, or choose one of its plans: {', '.join(addon.plans)}."
                self._refuse(column, "addon_not_for_plan", f"{addon.code} is not for {offer.plan.code}", mend)
            elif not _sold(addon, offer, currency, payment):
                reason = f"{addon.code} has no price for {offer.term} in {currency or 'this currency'}"
                self._refuse(column, "addon_not_offered", reason, "Add that price to the catalogue.")


def _sold(addon: AddOn, offer: Offer, currency: str, payment: PaymentChoice) -> bool:
    price: PriceTag | None = addon.prices.get(offer.term)
    if price is None or (payment.way == "credits" and price.credits is None):
        return False
    return not currency or currency in price.amounts


def place_dates(offer: Offer, started_on: date, paid_through: date) -> Dates:
    """Find the anchor. Where the paid time ends on a cycle counted from the start (or from the trial's end), that is
    it, so a 31st survives February; where somebody renewed by hand in between, the paid time's end is the new one."""
    first = started_on
    if offer.plan.trial:
        first = cycle_start(started_on, offer.plan.trial.term, 1)
        if paid_through <= first:
            return Dates(started_on, paid_through, paid_through, in_trial=True)
    on_cycle = cycle_start(first, offer.term, cycle_index(first, offer.term, paid_through)) == paid_through
    return Dates(started_on, paid_through, first if on_cycle else paid_through, in_trial=False)


def shown(text: str) -> str:
    """Fit to print: bytes that are no text as \\xfc, and no more than a line of it."""
    printable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return printable if len(printable) <= 80 else f"{printable[:79]}…"
