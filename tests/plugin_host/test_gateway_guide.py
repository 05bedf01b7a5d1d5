"""The gateway that docs/write-a-gateway.md shows keeps what every gateway must."""

import json
import re
import types

import httpx
import pytest

from billhead.plugin import GatewayConnection, GatewayUnreachable, HttpClient, OutcomeUnknown, RawCallback, Redirect
from billhead.testing import GatewayConformance, clock
from source_tree import ROOT

PAGE = (ROOT / "docs" / "write-a-gateway.md").read_text("utf-8")
guide = types.ModuleType("gateway_guide")
exec("\n".join(re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)), guide.__dict__)


def provider(request: httpx.Request) -> httpx.Response:
    """Takes every order, and nobody ever pays."""
    if request.method == "POST":
        return httpx.Response(200, json={"id": "p1", "page": "https://pay.acme.example/p1"})
    payment = {"id": "p1", "status": "open", "amount": 1190, "currency": "EUR"}
    return httpx.Response(200, json=payment)


class TestTheGuidesGatewayConforms(GatewayConformance):
    claims = guide.AcmePayGateway().capabilities()

    @pytest.fixture
    def gateway(self):
        return guide.AcmePayGateway()

    @pytest.fixture
    def account(self):
        settings = guide.AcmePaySettings("http://127.0.0.1:9", "test-key", "test-callback-secret")
        transport = httpx.MockTransport(provider)
        http = HttpClient("Acme Pay", transport=transport, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
        return GatewayConnection("acme", settings, http, "https://shop.example/callbacks/token")

    def genuine_callback(self, account, attempt, event):
        payment = {"id": "p1", "reference": attempt.key, "status": "paid", "amount": 1190, "currency": "EUR"}
        body = json.dumps({"id": event, "payment": payment}).encode()
        stamp = str(int(clock.now().timestamp()))
        headers = {"acme-signature": f"{stamp}.{guide.sign(account.settings.callback_secret, stamp, body)}"}
        return RawCallback("/callbacks/token", "", headers, body, clock.now())

    def test_the_payer_is_sent_to_the_hosted_page(self, gateway, account, attempt):
        assert gateway.start_checkout(account, attempt) == Redirect("https://pay.acme.example/p1", "p1")

    @pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(200, text="")])
    def test_an_answer_that_proves_nothing_is_unknown(self, gateway, account, attempt, answer):
        broken = HttpClient("Acme Pay", transport=httpx.MockTransport(lambda _: answer), unknown=OutcomeUnknown)
        lost = GatewayConnection(account.code, account.settings, broken, account.callback_url)
        with pytest.raises(OutcomeUnknown):
            gateway.start_checkout(lost, attempt)
