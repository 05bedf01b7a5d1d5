"""Whether an account is ready: the app's credentials, and whether its webhook tells this shop what happens there."""

from typing import Any

from billhead.plugin import GatewayConnection, GatewayRejected, marked
from billhead_paypal.client import NOT_FOUND, PayPalApi

__all__ = ["EVENTS", "check"]

EVENTS = (
    "CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.FAILED",
    "CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED",
    "VAULT.PAYMENT-TOKEN.CREATED", "VAULT.PAYMENT-TOKEN.DELETED",
)  # fmt: skip
"""What PayPal is to tell."""


_SCOPES = "https://uri.paypal.com/services/"
_NEEDED = {
    marked("save payment methods (Vault)"): frozenset({"vault/payment-tokens/readwrite"}),
    marked("give money back"): frozenset({"payments/refund"}),
    marked("read disputes"): frozenset({"disputes/read-seller", "disputes/read"}),
}


def check(account: GatewayConnection) -> str:
    """What stands ready, in a sentence. Raises GatewayRejected with what is missing, or GatewayUnreachable."""
    api = PayPalApi(account)
    api.renew_token()
    _may_do(api.scopes)
    webhook = _webhook(api, account.settings.webhook_id)
    if webhook.get("url") != account.callback_url:
        raise GatewayRejected(
            "the app's webhook has another address than this account's callbacks",
            hint="enter the callback address of this account there",
        )
    told = {one.get("name") for one in webhook.get("event_types") or () if isinstance(one, dict)}
    lacking = [one for one in EVENTS if one not in told]
    if lacking and "*" not in told:
        raise GatewayRejected(f"the app's webhook does not send {', '.join(lacking)}", hint="add these events to it")
    return "PayPal accepts the client ID and its secret, and the webhook sends this shop what it needs to know."


def _may_do(scopes: frozenset[str]) -> None:
    """PayPal's published descriptions name the scope of each call; an app has those of the features that are on."""
    granted = {scope.removeprefix(_SCOPES) for scope in scopes}
    lacking = [what for what, any_of in _NEEDED.items() if granted and not granted & any_of]
    if lacking:
        raise GatewayRejected(
            f"PayPal does not let this app {' or '.join(lacking)}",
            hint="switch these features on for the app at developer.paypal.com, or ask PayPal for them",
        )


def _webhook(api: PayPalApi, webhook_id: str) -> dict[str, Any]:
    try:
        return api.get(f"/v1/notifications/webhooks/{webhook_id}")
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            raise GatewayRejected(
                "PayPal accepts the client ID and its secret, but this app has no webhook with this ID",
                code=NOT_FOUND, hint="add one, with the callback address of this account, and enter its ID",
            ) from refused  # fmt: skip
        raise
