"""Facts as an example, for each kind: what a text of that kind may name, and how it would look. Nobody's data."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billhead.actions.notifications._values import (
    Address,
    Bill,
    BillLine,
    Debt,
    Debts,
    Happening,
    Happenings,
    Month,
    Rows,
    TermOf,
    said,
)
from billhead.domain.money import CREDITS, Money

__all__ = ["sample_facts"]

_AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
_DAY = date(2026, 12, 6)
_SHOP = "https://shop.example"


def _money(minor: int) -> Money:
    return Money(minor, "EUR")


def _plain(text: str) -> Any:
    return lambda _words: text


_OF_ALL: dict[str, Any] = {
    "seller": "NorthCable",
    "name": "Ada Lovelace",
    "shop_url": Address(f"{_SHOP}/"),
    "account_url": Address(f"{_SHOP}/sign-in"),
}
_LINES = [
    BillLine(_plain("Full & Sports"), (date(2026, 11, 21), date(2026, 12, 21)), None, _money(999)),
    BillLine(_plain("Extra connection"), None, _plain("− 1.00 (WELCOME)"), _money(250)),
]
_TITLE = said("Invoice %(number)s", number="2026-000012")
_DOCUMENT: dict[str, Any] = {
    "title": _TITLE,
    "issued_on": date(2026, 11, 22),
    "due_on": _DAY,
    "overdue": False,
    "not_yet_due": True,
    "net": _money(1249),
    "tax": _money(319),
    "total": _money(1568),
    "owed": _money(1568),
    "pay_url": Address(f"{_SHOP}/pay/12"),
    "bill": Bill(_LINES, _money(319), _money(1568)),
}
_NOTE = {
    **_DOCUMENT,
    "title": said("Credit note %(number)s", number="CN-2026-000003"),
    "owed": _money(0),
    "corrects": _TITLE,
    "refunded": _money(1000),
    "credited": _money(568),
}
_DEBTS = Debts([Debt(_TITLE, _money(1568), f"{_SHOP}/pay/12")])
_SUBSCRIPTION = {
    "plan": "Full & Sports",
    "suspended": True,
    "for_debt": True,
    "ends_on": date(2026, 12, 20),
    "trial_ends_on": date(2026, 11, 28),
    "by_hand": False,
    "unpaid": _DEBTS,
}
_ACCESS = [(said("Login"), "ada"), (said("Password"), "s3cret"), (said("Playlist (M3U)"), "https://tv.example/get.php")]
_SERVICE = {
    "plan": "Full & Sports",
    "kind": said("stream line"),
    "access": Rows(_ACCESS),
    "devices": lambda words: words.count("%(count)d device", "%(count)d devices", 3),
    "paid_until": date(2026, 12, 20),
}
_PAYMENT = {"amount": _money(1568), "at": _AT}
_METHOD = {"method": "Visa •••• 4242", "methods_url": Address(f"{_SHOP}/account/payment-methods")}
_ERASURE = {"erasure": {"due_at": _AT}, "data_url": Address(f"{_SHOP}/account/data")}
_PASSWORD = {"password_url": Address(f"{_SHOP}/set-password/…")}
_NEWS = {"words": "The old addresses work until Sunday.", "begins": _AT, "ends": _AT.replace(hour=16)}
_CHANGE = {"from": _DAY, "before": _money(999), "after": _money(1099), "term": TermOf("1 month")}
_REFUND = {"amount": _money(1568), "paid_at": _AT, "account": "Bank", "claim_url": Address(f"{_SHOP}/claim")}
_TICKET = {
    "id": 81,
    "subject": "No sound",
    "customer": "Ada Lovelace",
    "body": "Please turn the box off and on again.\nDoes it help?",
    "files": ["picture.png"],
    "url": Address(f"{_SHOP}/account/tickets/81"),
    "staff_url": Address(f"{_SHOP}/admin/tickets/81"),
    "by_mail": True,
}
_CREDIT = {
    "left": _money(350),
    "below": _money(600),
    "topped_up": _money(2000),
    "stopped": said("your payment was declined several times"),
    "url": Address(f"{_SHOP}/account/credit"),
}
_IBAN = [
    (said("Account holder"), "NorthCable Oy"),
    (said("IBAN"), "FI21 1234 5600 0007 85"),
    (said("Reference"), "RF18"),
]
_SECURITY = {
    "what": said("Your password was changed"),
    "at": _AT,
    "device": "Firefox, Linux",
    "ip": "203.0.113.7",
    "details": Rows([(said("When"), _AT), (said("Device"), "Firefox, Linux"), (said("Address"), "203.0.113.7")]),
}

_ABOUT_A_SUBSCRIPTION = {"subscription": _SUBSCRIPTION}
_ABOUT_A_DOCUMENT = {"document": _DOCUMENT}
_PROOF = {
    "sent_at": _AT,
    "answer": "The picture shows another account.",
    "amount": _money(1568),
    "page_url": Address(f"{_SHOP}/pay/on/7"),
}
_USAGE = {
    "name": "Catch-up",
    "unit": "GB",
    "used": Decimal("80.5"),
    "allowance": Decimal(100),
    "until": date(2026, 12, 20),
    "percent": 80,
    "all": False,
}
_BOX = {"plan": "Full & Sports", "old": "00:1A:79:AA:BB:CC", "new": "00:1A:79:AA:BB:DD", "day": date(2026, 11, 22)}
_HOST = {
    "name": "tv.aurora.example", "shop": "Aurora TV", "reseller": "Aurora",
    "url": Address(f"{_SHOP}/admin/resellers/7/shop"),
}  # fmt: skip
_OWN_SHOP = {
    "name": "Aurora TV",
    "waiting": 3,
    "takes": Money(1200, CREDITS),
    "left": Money(150, CREDITS),
    "buy_url": Address(f"{_SHOP}/reseller/credits/buy"),
}
_UPSTREAM = {
    "name": "Frankfurt",
    "balance": Money(900, CREDITS),
    "mark": Money(1000, CREDITS),
    "cap": Money(20000, CREDITS),
    "url": Address(f"{_SHOP}/admin/panels/1"),
}
_DIGEST = {
    "counted": lambda words: words.count("%(count)d thing has happened", "%(count)d things have happened", 2),
    "happened": Happenings(
        [
            Happening("Re: No sound [81]", _AT, f"{_SHOP}/account/tickets/81"),
            Happening("2026-000012: 15.68 EUR", _AT, f"{_SHOP}/sign-in"),
        ]
    ),
    "choices_url": Address(f"{_SHOP}/account/notifications"),
}

_USER = {"name": "Anna", "plan": _SERVICE["plan"], "ends_on": _DAY, "url": Address(f"{_SHOP}/reseller/users/7")}
_LINE = {"plan": _SERVICE["plan"], "ends_on": _DAY, "keeper": "Aurora", "contact": "+358 40 123 4567"}
_ENDING = {
    "days": 7,
    "count": 3,
    "users": Rows([(_plain("Anna"), ["Full & Sports", _DAY])]),
    "more": 2,
    "takes": Money(3000, CREDITS),
    "alone": Money(1200, CREDITS),
    "left": Money(150, CREDITS),
    "url": Address(f"{_SHOP}/reseller/users"),
    "buy_url": Address(f"{_SHOP}/reseller/credits/buy"),
}
_OF: dict[str, dict[str, Any]] = {
    "access": {"service": _SERVICE},
    "allowance": {**_ABOUT_A_SUBSCRIPTION, "usage": _USAGE},
    "box_changed": {"box": _BOX},
    "canceled": _ABOUT_A_SUBSCRIPTION,
    "card_expiring": {**_METHOD, "month": Month(date(2027, 1, 1))},
    "channel_code": {"code": "123456"},
    "confirm_email": {"confirm_url": Address(f"{_SHOP}/new-address/7")},
    "charged_back": {"payment": _PAYMENT},
    "digest": {"digest": _DIGEST},
    "credit_note": {"document": _NOTE},
    "invited": _PASSWORD,
    "invoice": _ABOUT_A_DOCUMENT,
    "erasing": _ERASURE,
    "erasure_asked": _ERASURE,
    "erasure_blocked": _ERASURE,
    "export_ready": {"export": {"ends_at": _AT}, "data_url": _ERASURE["data_url"]},
    "keeper_changed": {"keeper": {"name": "Aurora", "contact": _LINE["contact"], "came": True}},
    "known_address": _PASSWORD,
    "lent_unpaid": {"lent": {"owed": _money(1568), "url": _CREDIT["url"]}},
    "line_ending": {"line": _LINE},
    "low_credit": {"credit": _CREDIT},
    "message": {"subject": "Happy New Year", "words": "We wish you a good new year."},
    "method_stopped": {**_ABOUT_A_DOCUMENT, **_METHOD, "next_method": "Visa •••• 1111"},
    "new_address": {"service": _SERVICE, **_NEWS},
    "order_held": _ABOUT_A_SUBSCRIPTION,
    "order_refused": _ABOUT_A_SUBSCRIPTION,
    "ordered": {**_ABOUT_A_DOCUMENT, "order_url": Address(f"{_SHOP}/orders/link/7")},
    "password_link": _PASSWORD,
    "payment_action": _ABOUT_A_DOCUMENT,
    "payment_failed": _ABOUT_A_DOCUMENT,
    "planned_work": _NEWS,
    "price_change": {**_ABOUT_A_SUBSCRIPTION, "change": _CHANGE},
    "price_stays": {**_ABOUT_A_SUBSCRIPTION, "change": {**_CHANGE, "billed_from": _DAY, "next": date(2027, 1, 6)}},
    "promised": {**_ABOUT_A_SUBSCRIPTION, "promise": {"day": _DAY, "owed": _money(1568)}},
    "proof_rejected": {"proof": _PROOF},
    "receipt": {**_ABOUT_A_DOCUMENT, "payment": _PAYMENT},
    "refund_claim": {"refund": _REFUND},
    "refunded": {"refund": {**_REFUND, "claim_url": Address()}},
    "reminder": _ABOUT_A_DOCUMENT,
    "renewals_short": {"renewals": {name: _OWN_SHOP[name] for name in ("waiting", "left", "buy_url")}},
    "reseller_message": {"subject": "New channels", "words": "From Monday on there are ten more."},
    "restored": _ABOUT_A_SUBSCRIPTION,
    "security_change": {"change": _SECURITY, "security_url": Address(f"{_SHOP}/security")},
    "sharing": {"service": {"plan": _SERVICE["plan"], "devices": _SERVICE["devices"]}},
    "shop_host": {"host": _HOST},
    "shop_waiting": {"shop": _OWN_SHOP},
    "suspended": _ABOUT_A_SUBSCRIPTION,
    "upstream_cap": {"panel": _UPSTREAM},
    "upstream_low": {"panel": _UPSTREAM},
    "throttled": _ABOUT_A_SUBSCRIPTION,
    "ticket_answer": {"ticket": _TICKET},
    "ticket_news": {"ticket": _TICKET},
    "ticket_opened": {"ticket": _TICKET},
    "ticket_written": {"ticket": _TICKET},
    "top_up_stopped": {"credit": _CREDIT},
    "transfer": {"transfer": {"rows": Rows(_IBAN), "amount": _money(1568), "page_url": Address(f"{_SHOP}/pay/on/7")}},
    "trial_ending": _ABOUT_A_SUBSCRIPTION,
    "user_canceled": {"user": _USER},
    "user_moved": {"moved": {"name": "Anna", "came": True, "url": Address(f"{_SHOP}/reseller/users")}},
    "users_ending": {"ending": _ENDING},
    "warning": _ABOUT_A_DOCUMENT,
    "welcome": _PASSWORD,
}


def sample_facts(kind: str, **frame: Any) -> dict[str, Any]:
    """`frame`: the language, the look … of who looks at it."""
    return {"zone": "UTC", "stop_url": "", **_OF_ALL, **_OF[kind], **frame}
