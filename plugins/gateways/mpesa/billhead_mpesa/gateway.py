"""The gateway `mpesa`: a prompt on the payer's phone, its answer confirmed with Safaricom, and deposits at the paybill.

A push has no idempotency key, and each one is a prompt that can be paid: it is sent once, and never again while it is
not known how the last one ended.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    CheckoutField,
    GatewayCapabilities,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    Instructions,
    Outcome,
    OutcomeUnknown,
    PaymentGateway,
    RawCallback,
    Verified,
    VerifiedKind,
)
from billhead_mpesa.addresses import (
    deposit_address,
    is_about_deposits,
    prompt_address,
    question_address,
    read_address,
)
from billhead_mpesa.amounts import STEP, to_mpesa
from billhead_mpesa.calls import answer_in, deposit_in
from billhead_mpesa.client import Daraja
from billhead_mpesa.phones import LABEL, normal_phone, shown_phone
from billhead_mpesa.results import PAID, PENDING, explained, outcome_of
from billhead_mpesa.settings import MpesaSettings

__all__ = ["Mpesa"]

_UNFIT = re.compile(r"[^A-Za-z0-9 -]")
_LONGEST_TEXT = 13
_REFUSED_WORDS = ("mpesa", "m-pesa", "safaricom", "query", "sql", "cmd", "exe")


class Mpesa(PaymentGateway):
    """One shortcode per gateway account."""

    code = "mpesa"
    label = "M-Pesa"
    settings_type = MpesaSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(check=True, steps={"KES": STEP})

    def checkout_fields(self) -> Sequence[CheckoutField]:
        hint = "You confirm on this phone with your M-Pesa PIN. Write it as 0712 345 678."
        return (CheckoutField("phone", LABEL, normal_phone, hint, kind="tel", prefill="phone"),)

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Instructions:
        to, phone = account.settings, attempt.fields["phone"]
        told = Daraja(account).push(
            {
                "TransactionType": "CustomerBuyGoodsOnline" if to.till else "CustomerPayBillOnline",
                "Amount": to_mpesa(attempt.amount),
                "PartyA": phone,
                "PartyB": to.till or to.shortcode,
                "PhoneNumber": phone,
                "CallBackURL": prompt_address(account, attempt.key, phone),
                "AccountReference": attempt.short_reference,
                "TransactionDesc": _UNFIT.sub("", attempt.description)[:_LONGEST_TEXT].strip() or "Payment",
            }
        )
        checkout = told.get("CheckoutRequestID")
        if not isinstance(checkout, str) or not checkout:
            raise OutcomeUnknown(f"{account.code}: M-Pesa took the request without saying as what")
        lines = {
            "Phone": shown_phone(phone),
            "Amount": str(attempt.amount),
            "Paid to": f"till {to.till}" if to.till else f"paybill {to.shortcode}",
            "Account number": attempt.short_reference,
        }
        return Instructions(lines, checkout, prompted=True)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        """A prompt is paid as it was asked, or not at all: so the amount is that of the attempt. Its receipt is told
        by the call alone; and a call that named another amount is for staff, since no look-up tells amounts."""
        if not attempt.provider_ref or attempt.code == "amount_mismatch":
            return Outcome(AttemptState.UNKNOWN)
        code = Daraja(account).result_of(attempt.provider_ref)
        return outcome_of(code, attempt.provider_ref, attempt.amount)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        if not account.settings.lets_in(raw.remote_address):
            raise CallbackForged(f"it came from {raw.remote_address or 'nowhere'}, which may not call")
        about = is_about_deposits(account, raw)
        if about:
            deposit = deposit_in(raw.body, account.settings.shortcode)
            return [deposit] if about == "deposit" else []
        address, answer = read_address(account, raw), answer_in(raw.body)
        if answer.phone and not address.is_of(answer.phone):
            raise CallbackForged("it is about another phone than was asked")
        code = Daraja(account).result_of(answer.checkout)
        if code == PENDING:
            raise GatewayUnreachable(f"{account.code}: M-Pesa itself does not know yet how it ended")
        outcome = outcome_of(code, answer.checkout, answer.amount, answer.receipt)
        if outcome.state is not AttemptState.UNKNOWN and (answer.code == PAID) != (code == PAID):
            raise CallbackForged("M-Pesa, asked about it, says otherwise")
        event = f"{answer.checkout} {answer.code} {answer.receipt}".strip()
        return [Verified(VerifiedKind.ATTEMPT, event, address.key, outcome, same_ref=True)]

    def acknowledge(self, raw: RawCallback) -> bytes:
        return json.dumps({"ResultCode": 0, "ResultDesc": "Accepted"}).encode()

    def explain(self, code: str) -> str:
        return explained(code)

    def check(self, account: GatewayConnection) -> str:
        """A token, a look-up of a push that never was, and where deposits are told."""
        daraja = Daraja(account)
        daraja.renew_token()
        said = ["M-Pesa accepts the consumer key and its secret."]
        if urlsplit(account.callback_url).scheme != "https":
            raise GatewayRejected(
                "M-Pesa calls addresses with https only, and this shop's is not one", hint="set the public address"
            )
        with suppress(GatewayUnreachable):  # it knows no such push, as it should
            daraja.result_of("ws_CO_00000000000000000000")
        said.append("It says nothing against shortcode and passkey.")
        if account.settings.deposits:
            addresses = deposit_address(account), question_address(account)
            word = next((one for one in _REFUSED_WORDS if one in addresses[0].lower()), "")
            if word:
                raise GatewayRejected(
                    f"M-Pesa takes no address for deposits that holds {word!r}: {account.callback_url}",
                    hint="use another public address, or add the account anew for another callback address",
                )
            daraja.register(*addresses)
            said.append("It tells of deposits at the paybill from now on.")
        return " ".join(said)
