"""The hosted checkout: a card form, a 3-D Secure question, and the way back to the shop. Plain forms, no script."""

from html import escape
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from billhead.plugin import InvalidInput, Money
from billhead_sandbox.cards import charges, outcomes
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.wire import HangUp

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Sandbox Cards</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}}
label{{display:block;margin:.8rem 0 .2rem}}
input[type=text]{{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}}
button{{font:inherit;padding:.6rem 1.2rem;margin:1rem .5rem 0 0}}td{{padding:.2rem .8rem .2rem 0;vertical-align:top}}
[role=alert]{{border-left:4px solid #b3261e;padding-left:.8rem}}</style></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""

_FORM = """<p>{description} <strong>{amount}</strong></p>{notice}
<form method="post">
<label for="number">Card number</label>
<input type="text" id="number" name="number" inputmode="numeric" autocomplete="cc-number" value="{number}" required>
<label for="expiry">Expiry (MM/YY)</label>
<input type="text" id="expiry" name="expiry" autocomplete="cc-exp" value="12/30">
<label for="cvc">Security code</label>
<input type="text" id="cvc" name="cvc" inputmode="numeric" autocomplete="cc-csc" value="123">
<p><label><input type="checkbox" name="save" value="1"{save}> Save this card for renewals</label></p>
<button type="submit">Pay {amount}</button>
<button type="submit" name="cancel" value="1" formnovalidate>Cancel</button>
</form>
<h2>Test cards</h2><table>{cards}</table>"""

_CHALLENGE = """<p>Your bank asks: do you approve the payment of <strong>{amount}</strong>?</p>
<form method="post" action="/cards/checkout/{session}/challenge">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="refuse">Refuse</button></form>"""

_ROW = "<tr><td><code>{number}</code></td><td>{says}</td></tr>"

_DECLINES = {
    "insufficient_funds": "The card was declined: there is not enough money on it.",
    "lost_card": "The card was declined: it was reported lost.",
    "authentication_failed": "The payment was not approved with your bank.",
}


def answer(state: State, request: Request, parts: list[str]) -> Response:
    found = state.store.row("SELECT id FROM card_charges WHERE session = ?", (parts[0] if parts else "",))
    if found is None:
        return _page("No such checkout", "<p>This address is not, or is no longer, a checkout.</p>", 404)
    charge = charges.find(state, found["id"])
    if charge["status"] != "requires_action":
        return _over(charge)
    if request.method == "POST":
        return _decided(state, request, charge) if parts[1:] == ["challenge"] else _entered(state, request, charge)
    return _challenge(charge) if charge["after_challenge"] else _form(charge)


def _entered(state: State, request: Request, charge: Row) -> Response:
    if request.form.get("cancel"):
        charges.conclude(state, charge["id"], outcomes.Verdict("canceled"))
        return _back(state, charge)
    number = request.form.get("number", "")
    card = outcomes.by_number(number)
    if card is None:
        return _form(charge, "This is no test card. Take one from the list below.", number, 422)
    verdict = charges.pay_with(state, charge, card, save=bool(request.form.get("save")))
    if verdict.hang_up:
        raise HangUp(hard=False)
    if verdict.status == "requires_action":
        return Response(status=303, headers={"Location": f"/cards/checkout/{charge['session']}"})
    return _back(state, charge)


def _decided(state: State, request: Request, charge: Row) -> Response:
    """The bank's answer counts only for a charge that was sent to the bank."""
    if not charge["after_challenge"]:
        return _form(charge, "Enter a card first.", "", 409)
    approved = request.form.get("decision") == "approve"
    charges.conclude(state, charge["id"], outcomes.OK if approved else outcomes.NOT_AUTHENTICATED)
    return _back(state, charge)


def _back(state: State, charge: Row) -> Response:
    """A decline is told here first; everything else goes straight back to the shop."""
    now = charges.find(state, charge["id"])
    shop = _way_back(now)
    if now["status"] == "failed" or not shop:
        return _over(now)
    return Response(status=303, headers={"Location": shop})


def _way_back(charge: Row) -> str:
    """The shop's address with the charge's id; empty if the shop named none."""
    cancelled: str = charge["cancel_url"] if charge["status"] == "canceled" else ""
    address = cancelled or charge["return_url"] or ""
    joint = "&" if "?" in address else "?"
    return address and address + joint + urlencode({"charge": charge["id"]})


def _over(charge: Row) -> Response:
    title = {
        "succeeded": "Payment made",
        "processing": "Payment is being processed",
        "failed": "Payment declined",
        "canceled": "Payment cancelled",
        "expired": "This checkout has expired",
    }[charge["status"]]
    reason = _DECLINES.get(charge["failure_code"] or "", "The card was declined." if charge["failure_code"] else "")
    body = f'<p role="alert">{reason}</p>' if reason else ""
    shop = _way_back(charge)
    if shop:
        body += f'<p><a href="{escape(shop)}">Back to the shop</a></p>'
    return _page(title, body)


def _form(charge: Row, notice: str = "", number: str = "", status: int = 200) -> Response:
    rows = "".join(_ROW.format(number=card.number, says=escape(card.says)) for card in outcomes.CARDS)
    body = _FORM.format(
        description=escape(charge["description"] or charge["reference"]),
        amount=escape(_money(charge)),
        notice=f'<p role="alert">{escape(notice)}</p>' if notice else "",
        number=escape(number or outcomes.CARDS[0].number),
        save=" checked" if charge["save"] else "",
        cards=rows,
    )
    return _page("Pay by card", body, status)


def _challenge(charge: Row) -> Response:
    body = _CHALLENGE.format(amount=escape(_money(charge)), session=charge["session"])
    return _page("3-D Secure", body)


def _money(charge: Row) -> str:
    try:
        return str(Money(charge["amount"], charge["currency"]))
    except InvalidInput:  # any three letters can be charged here
        return f"{charge['amount']} {charge['currency']}"


def _page(title: str, body: str, status: int = 200) -> Response:
    return Response(_PAGE.format(title=escape(title), body=body), status=status, mimetype="text/html")
