"""A Safaricom of our own over a real socket: tokens, pushes, their queries, the addresses for deposits, and answers
that never come. What it is sent is held against models that nobody here wrote.

    with FakeMpesa() as mpesa:
        …                                      a gateway works against mpesa.url
        push = mpesa.push_of(attempt.key)      the prompt on the phone
        mpesa.confirm(push)                    the payer types the PIN
        mpesa.answer(push)                     what Safaricom calls us with
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from fake_provider import FakeProvider, Fault
from mpesa_models import faults_of, message_faults
from werkzeug.wrappers import Request

from billhead import clock
from billhead.plugin import RawCallback

__all__ = ["CALLER", "CREDENTIALS", "FakeMpesa", "Push"]

CREDENTIALS = {
    "consumer_key": "key-of-the-tests",
    "consumer_secret": "secret-of-the-tests",
    "shortcode": "174379",
    "passkey": "passkey-of-the-tests",
}
CALLER = "196.201.214.200"
_SAID = {"0": "The service request is processed successfully.", "1032": "Request canceled by user."}


@dataclass
class Push:
    """A prompt; `code` is "" while its payer has not answered. `amount` is what the answer says, None: nothing."""

    name: str
    body: dict[str, Any]
    code: str = ""
    receipt: str = ""
    amount: Any = None
    path: str = ""  # where the answer goes, if not where it should

    @property
    def phone(self) -> str:
        return str(self.body["PhoneNumber"])


@dataclass
class FakeMpesa(FakeProvider):
    tokens: list[str] = field(default_factory=list)  # those that are valid
    pushes: dict[str, Push] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)  # of deposits, once they are registered
    receipts: int = 0

    # -- what payers do

    def push_of(self, key: str) -> Push:
        """The newest prompt for an attempt."""
        return [one for one in self.pushes.values() if f"/{key}." in one.body["CallBackURL"]][-1]

    def confirm(self, push: Push) -> Push:
        return self.end(push, "0")

    def end(self, push: Push, code: str) -> Push:
        with self.lock:
            if not push.code:
                push.code, push.amount = code, push.body["Amount"]
                push.receipt = self.new_receipt() if code == "0" else ""
        return push

    def new_receipt(self) -> str:
        self.receipts += 1
        return f"SKS{self.receipts:07d}"

    def charges(self, key: str) -> int:
        return sum(one.code == "0" and f"/{key}." in one.body["CallBackURL"] for one in self.pushes.values())

    # -- what it calls us with

    def answer(self, push: Push, **changed: Any) -> RawCallback:
        told: dict[str, Any] = {
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": push.name,
            "ResultCode": int(push.code) if push.code.isdecimal() else push.code,
            "ResultDesc": _SAID.get(push.code, "It did not work."),
        }
        if push.code == "0":
            about = {"Amount": push.amount, "MpesaReceiptNumber": push.receipt, "TransactionDate": 20261128193000}
            items = [{"Name": name, "Value": value} for name, value in about.items() if value is not None]
            items += [{"Name": "Balance"}, {"Name": "PhoneNumber", "Value": int(push.phone)}]
            told["CallbackMetadata"] = {"Item": items}
        message = {"Body": {"stkCallback": {**told, **changed}}}
        self.wrong += message_faults("answer", message)
        return self._call(push.path or urlsplit(push.body["CallBackURL"]).path, message)

    def deposit(self, reference: str, amount: str, receipt: str = "", **changed: Any) -> RawCallback:
        message = {
            "TransactionType": "Pay Bill",
            "TransID": receipt or self.new_receipt(),
            "TransTime": "20261128193000",
            "TransAmount": amount,
            "BusinessShortCode": CREDENTIALS["shortcode"],
            "BillRefNumber": reference,
            "InvoiceNumber": "",
            "OrgAccountBalance": "49197.00",
            "ThirdPartyTransID": "",
            "MSISDN": "254712345678",
            "FirstName": "Wanjiku",
            "MiddleName": "",
            "LastName": "Kamau",
            **changed,
        }
        self.wrong += message_faults("deposit", message)
        return self._call(urlsplit(self.addresses["ConfirmationURL"]).path, message)

    def _call(self, path: str, message: dict[str, Any]) -> RawCallback:
        return RawCallback(path, "", {}, json.dumps(message).encode(), clock.now(), CALLER)

    # -- HTTP

    def trouble(self, fault: Fault) -> tuple[int, dict[str, Any]] | None:
        return (fault.status, _error(fault.issue, "It did not work")) if fault.kind == "status" else None

    def answered(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.path == "/oauth/v1/generate":
            return self._token(request)
        if request.headers.get("Authorization") not in [f"Bearer {one}" for one in self.tokens]:
            return 404, _error("404.001.03", "Invalid Access Token")
        body = json.loads(request.get_data())
        self.wrong += faults_of(request.path, body)
        if "Password" in body and not _knows_passkey(body):
            return 500, _error("500.001.1001", "Wrong credentials")
        match request.path:
            case "/mpesa/stkpush/v1/processrequest":
                return self._push(body)
            case "/mpesa/stkpushquery/v1/query":
                return self._query(body["CheckoutRequestID"])
            case "/mpesa/c2b/v2/registerurl":
                self.addresses = body
                return 200, {"OriginatorConversationID": "1", "ResponseCode": "0", "ResponseDescription": "Success"}
        return 404, _error("404.001.01", "Resource not found")

    def _push(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not body["CallBackURL"].startswith("https://"):
            return 400, _error("400.002.02", "Bad Request - Invalid CallBackURL")
        if any(one.phone == body["PhoneNumber"] and not one.code for one in self.pushes.values()):
            return 500, _error("500.001.1001", "Unable to lock subscriber, a transaction is already in process")
        push = Push(f"ws_CO_28112026193000{len(self.pushes):08d}", body)
        self.pushes[push.name] = push
        return 200, {
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": push.name,
            "ResponseCode": "0",
            "ResponseDescription": "Success. Request accepted for processing",
            "CustomerMessage": "Success. Request accepted for processing",
        }

    def _query(self, name: str) -> tuple[int, dict[str, Any]]:
        push = self.pushes.get(name)
        if push is None:
            return 500, _error("500.001.1001", "The transaction does not exist")
        if not push.code:
            return 500, _error("500.001.1001", "The transaction is being processed")
        return 200, {
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successfully",
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": name,
            "ResultCode": push.code,
            "ResultDesc": _SAID.get(push.code, "It did not work."),
        }

    def _token(self, request: Request) -> tuple[int, dict[str, Any]]:
        login, expected = request.authorization, (CREDENTIALS["consumer_key"], CREDENTIALS["consumer_secret"])
        if login is None or (login.username, login.password) != expected:
            return 400, _error("400.008.01", "Invalid Authentication passed")
        if request.args.to_dict() != {"grant_type": "client_credentials"}:
            return 400, _error("400.008.02", "Invalid grant type passed")
        self.tokens.append(f"token-{len(self.requests)}")
        return 200, {"access_token": self.tokens[-1], "expires_in": "3599"}


def _knows_passkey(body: dict[str, Any]) -> bool:
    """And the time in it is Nairobi's, to a few minutes."""
    opened = base64.b64decode(body["Password"]).decode()
    nairobi = (clock.now() + timedelta(hours=3)).strftime("%Y%m%d%H")
    hour_ago = (clock.now() + timedelta(hours=3, minutes=-5)).strftime("%Y%m%d%H")
    stamped = body["Timestamp"].startswith((nairobi, hour_ago))
    return stamped and opened == f"{CREDENTIALS['shortcode']}{CREDENTIALS['passkey']}{body['Timestamp']}"


def _error(code: str, message: str) -> dict[str, Any]:
    return {"requestId": "16813-15-1", "errorCode": code, "errorMessage": message}
