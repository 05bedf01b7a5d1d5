"""A gateway that is asked to forget saved methods, and a card that is saved with it."""

from web_shop import Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.operations import Job
from billhead.models.payments import PaymentMethod
from billhead.plugin import GatewayCapabilities, GatewayUnreachable
from billhead.plugin_host import plugins, vault

__all__ = ["ForgettingGateway", "detaching", "save_card"]


class ForgettingGateway:
    """What the pretend gateway is asked to forget; it does not answer the first two times."""

    def __init__(self, shop: Shop, monkeypatch, failures: int = 2):
        self.asked: list[str] = []
        self.last: list[bool] = []
        self.payers: list[tuple[str, ...]] = []
        with shop.app.app_context():
            kind = type(plugins().gateway("cards"))

        def forget(_gateway, _account, method):
            self.asked.append(method.token)
            self.last.append(method.last)
            if len(self.asked) <= failures:
                raise GatewayUnreachable("nobody answers")

        able = GatewayCapabilities(save=True, off_session=True, forget=True, refund=True, partial_refund=True)
        monkeypatch.setattr(kind, "capabilities", lambda _gateway: able)
        monkeypatch.setattr(kind, "forget_saved", forget, raising=False)
        forget_payer = lambda _gateway, _account, references: self.payers.append(tuple(references))  # noqa: E731
        monkeypatch.setattr(kind, "forget_payer", forget_payer, raising=False)


def save_card(shop: Shop, token: str = "tok_1") -> None:
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        card = {"customer_id": 1, "account_id": 1, "token": vault().encrypt(token), "label": "Visa •••• 4242"}
        tx.session.add(PaymentMethod(**card, created_at=clock.now()))


def detaching(shop: Shop) -> list[tuple[str, str]]:
    return [(one.state, one.error) for one in shop.rows(Job) if one.kind == "payments.detach_method"]
