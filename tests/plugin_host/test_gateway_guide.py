"""The gateway that docs/write-a-gateway.md shows, and its test as it is printed there, keep what every gateway must."""

import re
import sys
import types

import httpx
import pytest

from billhead.plugin import GatewayConnection, HttpClient, OutcomeUnknown, Redirect
from source_tree import ROOT

PAGE = (ROOT / "docs" / "write-a-gateway.md").read_text("utf-8")


def printed(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def run(name: str, source: str) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(source, module.__dict__)
    return module


guide = run("gateway_guide", "\n".join(printed("python")))
with pytest.MonkeyPatch.context() as patched:
    for path in ("billhead_acme_pay", "billhead_acme_pay.gateway", "billhead_acme_pay.settings"):
        patched.setitem(sys.modules, path, guide)
    its_test = run("gateway_guide_test", printed("py")[0])


class TestTheGuidesGatewayConforms(its_test.TestAcmePayGatewayConforms):
    def test_the_payer_is_sent_to_the_hosted_page(self, gateway, account, attempt):
        assert gateway.start_checkout(account, attempt) == Redirect("https://pay.acme.example/p1", "p1")

    @pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(200, text="")])
    def test_an_answer_that_proves_nothing_is_unknown(self, gateway, account, attempt, answer):
        broken = HttpClient("Acme Pay", transport=httpx.MockTransport(lambda _: answer), unknown=OutcomeUnknown)
        lost = GatewayConnection(account.code, account.settings, broken, account.callback_url)
        with pytest.raises(OutcomeUnknown):
            gateway.start_checkout(lost, attempt)
