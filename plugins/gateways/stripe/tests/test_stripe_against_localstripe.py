"""The gateway against localstripe, which nobody here wrote: renewals, declines, 3-D Secure, refunds, callbacks."""

import socket
from dataclasses import replace
from queue import Queue
from threading import Thread

import pytest
from localstripe_server import LOCAL_KEY, Narrowed, running_localstripe
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from billhead.plugin import (
    CallbackForged,
    DeclineClass,
    GatewayConnection,
    GatewayUnreachable,
    HttpClient,
    Money,
    OutcomeUnknown,
    RawCallback,
    RefundView,
    SavedMethod,
)
from billhead.testing import Break, BreakingProxy, GatewayConformance, clock
from billhead_stripe.gateway import Stripe
from billhead_stripe.settings import StripeSettings

SECRET = "whsec_of_localstripe"
OK, DECLINES_LATER, ASKS_THE_PAYER = "4242424242424242", "4000000000000341", "4000002760003184"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_localstripe(tmp_path_factory.mktemp("localstripe"), port) as local:
        yield local


@pytest.fixture
def account(local):
    settings = StripeSettings(LOCAL_KEY, SECRET, url=str(local.base_url).rstrip("/"))
    http = HttpClient("stripe", unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    way = Narrowed()
    narrowed = http.through(way)
    yield GatewayConnection("stripe", settings, narrowed, "https://shop.example/callbacks/token")
    narrowed.close()
    http.close()
    assert way.wrong == [], "Stripe's description does not allow it"


@pytest.fixture
def gateway():
    return Stripe()


@pytest.fixture
def attempt():
    return GatewayConformance().new_attempt()


def saved(local, attempt, number):
    """A card that the payer of the attempt has saved there: it is typed in at Stripe, never here."""
    who = {"email": attempt.customer_email, "metadata[billhead_reference]": attempt.customer_ref}
    customer = local.post("/v1/customers", data=who).json()["id"]
    card = {"card[number]": number, "card[exp_month]": 8, "card[exp_year]": 2030, "card[cvc]": "123"}
    method = local.post("/v1/payment_methods", data={"type": "card", **card}).json()["id"]
    assert local.post(f"/v1/payment_methods/{method}/attach", data={"customer": customer}).status_code == 200
    return SavedMethod(f"{customer}/{method}", "Visa")


def test_a_renewal_is_charged_and_found_again(gateway, account, attempt, local):
    method = saved(local, attempt, OK)
    paid = gateway.charge_saved(account, attempt, method)
    assert (paid.state, paid.amount) == ("succeeded", attempt.amount)
    for known in (replace(attempt, provider_ref=paid.provider_ref), replace(attempt, method_token=method.token)):
        assert gateway.lookup(account, known) == paid
    assert gateway.lookup(account, attempt) == paid, "by the payer's address and our reference"


@pytest.mark.parametrize(
    ("number", "decline"), [(DECLINES_LATER, DeclineClass.SOFT), (ASKS_THE_PAYER, DeclineClass.NEEDS_CUSTOMER)]
)
def test_a_renewal_that_fails(gateway, account, attempt, local, number, decline):
    method = saved(local, attempt, number)
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline) == ("failed", decline)
    seen = gateway.lookup(account, replace(attempt, method_token=method.token))
    assert (seen.state, seen.decline) == ("failed", decline)


def charges_of(local, attempt):
    listed = local.get("/v1/payment_intents", params={"limit": 100}).json()["data"]
    return [one for one in listed if one["metadata"].get("billhead_reference") == attempt.key]


@pytest.mark.parametrize("at", [Break.BEFORE_ANSWER, Break.MID_HEADER, Break.MID_BODY, Break.SERVER_ERROR])
def test_an_answer_that_breaks_on_the_way_is_unknown_and_one_charge_is_found(gateway, account, attempt, local, at):
    method = saved(local, attempt, OK)
    with BreakingProxy() as proxy:
        way = Narrowed(proxy.transport())
        proxy.break_request(1, at)
        with pytest.raises(OutcomeUnknown):
            gateway.charge_saved(replace(account, http=account.http.through(way)), attempt, method)
        assert proxy.has_broken
    seen = gateway.lookup(account, replace(attempt, method_token=method.token))
    assert (seen.state, seen.amount) == ("succeeded", attempt.amount)
    assert len(charges_of(local, attempt)) == 1


def test_a_connection_that_is_refused_has_sent_nothing(gateway, account, attempt, local):
    method = saved(local, attempt, OK)
    with BreakingProxy() as proxy:
        way = Narrowed(proxy.transport())
        proxy.break_all(Break.BEFORE_SEND)
        with pytest.raises(GatewayUnreachable):
            gateway.charge_saved(replace(account, http=account.http.through(way)), attempt, method)
    assert charges_of(local, attempt) == []


def test_refunds_in_parts(gateway, account, attempt, local):
    paid = gateway.charge_saved(account, attempt, saved(local, attempt, OK))
    part = RefundView(f"refund-{attempt.key}", Money(190, "EUR"), paid.provider_ref, "asked for")
    assert gateway.lookup_refund(account, part).state == "unknown"
    made = gateway.refund(account, part)
    assert (made.state, made.amount) == ("succeeded", Money(190, "EUR"))
    assert gateway.lookup_refund(account, part) == made
    assert gateway.lookup_refund(account, replace(part, provider_ref=made.provider_ref)) == made


def test_a_customer_who_is_gone(gateway, account, attempt, local):
    method = saved(local, attempt, OK)
    customer = method.token.partition("/")[0]
    assert local.delete(f"/v1/customers/{customer}").json()["deleted"]
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline) == ("failed", DeclineClass.HARD)


def test_its_callbacks_are_signed_as_ours_are_read(gateway, account, attempt, local):
    came = Queue()

    @Request.application
    def take(request):
        headers = {name.lower(): value for name, value in request.headers}
        came.put(RawCallback(request.path, "", headers, request.get_data(), clock.now()))
        return Response(b"")

    server = make_server("127.0.0.1", 0, take, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hook = {"url": f"http://127.0.0.1:{server.server_port}/", "secret": SECRET}
    assert (
        local.post("/_config/webhooks/ours", data={**hook, "events[]": "payment_intent.succeeded"}).status_code == 200
    )
    paid = gateway.charge_saved(account, attempt, saved(local, attempt, OK))
    raw = came.get(timeout=10)
    while attempt.key.encode() not in raw.body:  # one of an earlier test
        raw = came.get(timeout=10)
    server.shutdown()
    thread.join()
    server.server_close()
    (fact,) = gateway.parse_callback(account, raw)
    assert (fact.reference, fact.outcome) == (attempt.key, paid)
    with pytest.raises(CallbackForged):
        gateway.parse_callback(account, replace(raw, body=raw.body + b" "))
