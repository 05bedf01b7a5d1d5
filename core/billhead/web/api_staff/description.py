"""The API as OpenAPI 3.1, at /api/staff/v1/openapi.json: what docs/api.md tells people, for the tools of programs."""

from flask.typing import ResponseReturnValue

from billhead.actions.subscriptions.order_for import PAY
from billhead.actions.usage._files import KNOWN
from billhead.plugin import allow
from billhead.web.admin.customers import CUSTOMERS
from billhead.web.admin.documents import DOCUMENTS
from billhead.web.admin.listing import Listing
from billhead.web.admin.payments import PAYMENTS
from billhead.web.admin.subscriptions import SUBSCRIPTIONS
from billhead.web.api_staff.asking import api_staff
from billhead.web.api_staff.description_of_acts import ACTS
from billhead.web.api_staff.subscriptions import ADDRESS
from billhead.web.api_staff.usage import MOST_EVENTS
from billhead.web.openapi import ID, KEY, PAGED, Said, described, does, in_query, list_of, maybe, obj

__all__ = ["DESCRIPTION"]

_AMOUNT: Said = {"type": "string", "examples": ["12.50"]}
_DAY: Said = {"type": ["string", "null"], "format": "date"}
_AT: Said = {"type": ["string", "null"], "format": "date-time"}
_CODE: Said = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
_REASON: Said = obj(reason="string") | {"required": ["reason"]}

_CUSTOMER = obj(
    id="integer", name="string", email="string", reference=maybe("string"), country="string", currency="string",
    reseller=maybe("integer"), since=_AT,
)  # fmt: skip
_WHOLE_CUSTOMER = obj(
    **_CUSTOMER["properties"],
    company="string",
    phone="string",
    language="string",
    zone="string",
    vat_id="string",
    price_group="string",
    credit=_AMOUNT,
    credit_at_once=_AMOUNT,
    lent=_AMOUNT,
)
_AT_ONCE = obj(amount=_AMOUNT, reason="string") | {"required": ["amount", "reason"]}
_GROUP = obj(price_group="string", reason="string") | {"required": ["price_group", "reason"]}
_NEW_CUSTOMER = obj(
    name="string", email="string", country="string", company="string", phone="string", street="string",
    postcode="string", city="string", region="string", vat_id="string", zone="string", currency="string",
    language="string", price_group="string", invite="boolean",
) | {"required": ["name", "email", "country"]}  # fmt: skip
_SUBSCRIPTION = obj(
    id="integer", customer="integer", plan="string", term="string", state="string", collection="string",
    paid_through=_DAY, next_bill_on=_DAY, reference=maybe("string"),
)  # fmt: skip
_SERVICE = obj(
    id="integer", panel="integer", kind="string", login="string", mac=maybe("string"), lifecycle="string",
    sync="string", error="string", blocked="boolean", runs_to=_AT,
)  # fmt: skip
_WHOLE_SUBSCRIPTION = obj(
    **_SUBSCRIPTION["properties"], suspended_by=maybe("string"), ends_on=_DAY, auto_renew="boolean", currency="string",
    lines=list_of(_SERVICE),
)  # fmt: skip
_DOCUMENT = obj(
    id="integer", number=maybe("string"), kind="string", state="string", customer="integer", issued_on=_DAY,
    due_on=_DAY, currency="string", total=_AMOUNT, open=_AMOUNT,
)  # fmt: skip
_LINE = obj(
    id="integer", description="string", kind="string", subscription=maybe("integer"), starts_on=_DAY, ends_on=_DAY,
    quantity="integer", net=_AMOUNT, tax=_AMOUNT,
)  # fmt: skip
_WHOLE_DOCUMENT = obj(**_DOCUMENT["properties"], lines=list_of(_LINE))
_PAYMENT = obj(
    id="integer", customer="integer", account="string", reference="string", state="string", currency="string",
    amount=_AMOUNT, refunded=_AMOUNT, fee=_AMOUNT, received=_AT,
)  # fmt: skip
_TRIAL: Said = {"type": ["object", "null"], "properties": {"term": {"type": "string"}, "amount": _AMOUNT}}
_PRICE = obj(
    term="string", amount=_AMOUNT, setup=_AMOUNT, currency="string", tax_included="boolean", trial=_TRIAL,
)  # fmt: skip
_ADD_ON = obj(code="string", name="string", most="integer", amounts={"type": "object", "additionalProperties": _AMOUNT})
_PLAN = obj(
    plan="string", name="string", kind="string", needs_mac="boolean", connections="integer",
    prices=list_of(_PRICE),
)  # fmt: skip
_WHOLE_PLAN = obj(**_PLAN["properties"], add_ons=list_of(_ADD_ON))
_WISH = obj(
    plan="string", term="string", trial="boolean", quantity="integer", mac="string", coupon="string", starts_on=_DAY,
    addons={"type": "object", "additionalProperties": {"type": "integer"}},
)  # fmt: skip
_ORDER = obj(**_WISH["properties"], total=_AMOUNT, pay={"type": "string", "enum": [*PAY]}) | {
    "required": ["plan", "term", "total", "pay"]
}
_QUOTED = obj(description="string", quantity="integer", net=_AMOUNT, tax=_AMOUNT, starts_on=_DAY, ends_on=_DAY)
_QUOTE = obj(currency="string", net=_AMOUNT, tax=_AMOUNT, total=_AMOUNT, credit=_AMOUNT, lines=list_of(_QUOTED))
_CANCEL = obj(
    reason="string", on=_DAY,
    policy={"type": "string", "enum": ["end_of_term", "immediate", "on_date", "start_of_term"]},
    money={"type": "string", "enum": ["", "nothing", "credit", "refund"]},
) | {"required": ["reason", "policy"]}  # fmt: skip
_TRANSFER = obj(reason="string", account="integer", amount=_AMOUNT, reference="string") | {
    "required": ["reason", "account", "amount", "reference"]
}

_NUMBER: Said = {"type": ["number", "string"]}
_EVENT_FIELDS: dict[str, Said | str] = {name: {"type": ["string", "integer"]} for name in KNOWN}
_EVENT_FIELDS |= {"quantity": _NUMBER, "item": "string", "properties": "object"}
_EVENT_FIELDS |= {"at": {"type": "string", "format": "date-time"}}
_EVENT = obj(**_EVENT_FIELDS) | {"required": ["id", "metric", "at"]}
_EVENTS = obj(
    source="string", events=list_of(_EVENT) | {"minItems": 1, "maxItems": MOST_EVENTS},
) | {"required": ["source", "events"]}  # fmt: skip
_BECAME = obj(
    id=maybe("string"), outcome={"type": "string", "enum": ["accepted", "duplicate", "rejected"]},
    reason=maybe("string"), message=maybe("string"),
)  # fmt: skip
_TOLD = obj(
    batch="integer", accepted="integer", duplicates="integer", rejected="integer", late="integer",
    events=list_of(_BECAME),
)  # fmt: skip
_TIER = obj(up_to=maybe("string"), price="string", per="string", used="string", amount=_AMOUNT)
_USED = obj(
    metric="string", name="string", unit="string", starts_on=_DAY, ends_on=_DAY, events="integer", used="string",
    included="string", currency="string", amount=_AMOUNT, adjusted=_AMOUNT, billed=_AMOUNT | maybe("string"),
    tiers=list_of(_TIER), days=list_of(obj(day=_DAY, events="integer", used="string")),
)  # fmt: skip
_USAGE = obj(id="integer", usage=list_of(_USED), earlier=_DAY, later=_DAY)


def _lists(what: str, listing: Listing, row: Said) -> Said:
    found = [in_query("q", listing.search_label)] if listing.search else []
    found += [in_query(one.name, one.label, {"type": "string", "enum": one.words()}) for one in listing.choices]
    day = {"type": "string", "format": "date"}
    found += [in_query(one.name, one.label, day if one.kind == "date" else None) for one in listing.typed]
    found += [in_query(name, f"of this {name} only", {"type": "integer"}) for name in listing.narrow]
    return does(what, obj(**{listing.name: list_of(row)}, next=maybe("integer")), *found, *PAGED)


DESCRIPTION: Said = described(
    "Billhead for operators",
    "/api/staff/v1",
    {
        "/customers": {
            "get": _lists("Customers, the newest first", CUSTOMERS, _CUSTOMER),
            "post": does("Add a customer", obj(id="integer"), KEY, status="201", body=_NEW_CUSTOMER),
        },
        "/customers/{id}": {"get": does("One customer", _WHOLE_CUSTOMER, ID)},
        "/customers/{id}/price-group": {
            "post": does("Put it into a price group", obj(id="integer", price_group="string"), ID, KEY, body=_GROUP)
        },
        "/customers/{id}/credit-at-once": {
            "post": does("Say up to how much credit it has before its payment",
                         obj(id="integer", credit_at_once=_AMOUNT), ID, KEY, body=_AT_ONCE)
        },
        "/customers/{id}/plans": {"get": does("What it can buy", obj(plans=list_of(_PLAN)), ID)},
        "/customers/{id}/plans/{code}": {"get": does("One of them, with its add-ons", _WHOLE_PLAN, ID, _CODE)},
        "/customers/{id}/quote": {
            "post": does("What an order would cost", _QUOTE, ID, body=_WISH | {"required": ["plan", "term"]})
        },
        "/customers/{id}/orders": {
            "post": does(
                "Order", obj(document="integer", subscriptions=list_of({"type": "integer"})), ID, KEY,
                status="201", body=_ORDER,
            )
        },
        "/subscriptions": {"get": _lists("Subscriptions, the newest first", SUBSCRIPTIONS, _SUBSCRIPTION)},
        "/subscriptions/{id}": {"get": does("One subscription and its lines", _WHOLE_SUBSCRIPTION, ID)},
        "/subscriptions/{id}/access": {
            "get": does("What the customer watches by",
                        obj(lines=list_of(obj(id="integer", kind="string", **{k: maybe("string") for k in ADDRESS}))),
                        ID)
        },
        "/subscriptions/{id}/usage": {
            "get": does("What it has used of a period, by day, and what that comes to", _USAGE, ID,
                        in_query("on", "a day of the period; without it the running one",
                                 {"type": "string", "format": "date"}))
        },
        "/subscriptions/{id}/suspend": {"post": does("Stop its lines", _WHOLE_SUBSCRIPTION, ID, KEY, body=_REASON)},
        "/subscriptions/{id}/restore": {"post": does("Let them run", _WHOLE_SUBSCRIPTION, ID, KEY, body=_REASON)},
        "/subscriptions/{id}/renew": {
            "post": does("Offer its next term now", obj(id="integer", document="integer", offered="boolean"), ID, KEY,
                         body=_REASON)
        },
        "/subscriptions/{id}/cancel": {
            "post": does("Cancel it", obj(id="integer", ends_on=_DAY, came_back=_AMOUNT), ID, KEY, body=_CANCEL)
        },
        **ACTS,
        "/documents": {"get": _lists("Documents, the newest first", DOCUMENTS, _DOCUMENT)},
        "/documents/{id}": {"get": does("One document and its lines", _WHOLE_DOCUMENT, ID)},
        "/documents/{id}.pdf": {"get": does("The document as PDF", {}, ID, media="application/pdf")},
        "/documents/{id}/transfer": {
            "post": does("Book a transfer", obj(payment="integer"), ID, KEY, status="201", body=_TRANSFER)
        },
        "/usage": {"post": does("Tell what was used", _TOLD, KEY, body=_EVENTS)},
        "/payments": {"get": _lists("Payments, the newest first", PAYMENTS, _PAYMENT)},
    },
)  # fmt: skip


@api_staff.get("/openapi.json")
@allow("anyone")
def openapi() -> ResponseReturnValue:
    return DESCRIPTION
