"""Whether an account is ready: the server, the key's permissions, the store and its payment methods."""

from billhead.plugin import GatewayRejected
from billhead_btcpay.client import NOT_AUTHORISED, NOT_FOUND, Api

__all__ = ["NEEDED", "check"]

NEEDED = {
    "btcpay.store.cancreateinvoice": "make invoices",
    "btcpay.store.canviewinvoices": "see invoices and what was paid",
    "btcpay.store.canmanagepullpayments": "make refunds and find them again",
    "btcpay.store.canviewstoresettings": "see the store's payment methods",
}
_IMPLIED_BY = {
    "btcpay.store.cancreateinvoice": ("btcpay.store.canmodifyinvoices",),
    "btcpay.store.canviewinvoices": ("btcpay.store.canmodifyinvoices",),
    "btcpay.store.canmanagepullpayments": (),
    "btcpay.store.canviewstoresettings": (),
}
_EVERYTHING = ("btcpay.store.canmodifystoresettings", "unrestricted")


def check(api: Api) -> str:
    """What stands ready, in a sentence. Raises GatewayRejected with all that is missing, or GatewayUnreachable."""
    try:
        granted = api.one("/api-keys/current").get("permissions")
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            raise GatewayRejected("there is no BTCPay Server at this address", code=NOT_FOUND) from refused
        raise
    missing = _missing(granted if isinstance(granted, list) else [], api.settings.store_id)
    if missing:
        named = "; ".join(f"{one} (to {NEEDED[one]})" for one in missing)
        raise GatewayRejected(
            f"the API key lacks these permissions for this store: {named}", code=NOT_AUTHORISED,
            hint="make a new key on the server, under Account, API Keys, and enter it here",
        )  # fmt: skip
    offered = _offered(api)
    absent = [one for one in api.settings.methods if one not in offered]
    if absent:
        raise GatewayRejected(f"the store does not offer {', '.join(absent)}, but {', '.join(offered) or 'nothing'}")
    if not offered:
        raise GatewayRejected("the store offers no payment method: connect a wallet on the server first")
    return f"The key has what it needs, and the store takes {', '.join(api.settings.methods or offered)}."


def _missing(granted: list[object], store: str) -> list[str]:
    """A permission is granted for all stores, or, as `name:store`, for one."""
    mine = {one for one in granted if isinstance(one, str)}
    return [
        needed
        for needed in NEEDED
        if not any(name in mine or f"{name}:{store}" in mine for name in (needed, *_IMPLIED_BY[needed], *_EVERYTHING))
    ]


def _offered(api: Api) -> list[str]:
    try:
        listed = api.several(f"{api.store}/payment-methods", onlyEnabled="true")
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            raise GatewayRejected("the server has no store with this ID", code=NOT_FOUND) from refused
        raise
    return [str(one["paymentMethodId"]) for one in listed if one.get("paymentMethodId")]
