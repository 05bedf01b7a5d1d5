"""The world outside: our own public address, panels, gateways, channels. Each is one short call, made side by side."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import httpx
from sqlalchemy import exists, func, select

from billhead.actions.health._check import Answer, Look, amber, good, look, red
from billhead.actions.notifications._channels import set_up_channels
from billhead.actions.panels.check_panel import check_panel
from billhead.actions.payments.check_gateway_account import check_gateway_account
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.counted import counted
from billhead.models.operations import Notice
from billhead.models.panels import Panel
from billhead.models.payments import Callback, GatewayAccount, Payment
from billhead.plugin import CheckedChannel
from billhead.plugin_host import channel_connection, plugins
from billhead.plugin_host.current import config

__all__ = ["LOOKS", "looks_of_rows"]

_SECONDS = 4
_MOST = 50  # panels, or accounts, that are asked
_HERE = ("127.0.0.1", "localhost", "::1")


def looks_of_rows() -> list[Look]:
    """One for each panel and each gateway account; raises where the database can't be read."""
    with reading() as session:
        panels = session.scalars(select(Panel).order_by(Panel.code).limit(_MOST)).all()
        accounts = session.scalars(select(GatewayAccount).order_by(GatewayAccount.code).limit(_MOST)).all()
    looks = [
        Look(
            "panels",
            "Outside",
            partial(_panel, one),
            f"correct the settings of {one.code} in the admin area",
            slow=True,
        )
        for one in panels
    ]
    return looks + [
        Look("gateways", "Outside", partial(_account, one), f"correct the settings of {one.code}", slow=True)
        for one in accounts
    ]


@look("address", "Outside", mend="set public_url in billhead.toml, or BILLHEAD_PUBLIC_URL", slow=True)
def address() -> Iterator[Answer]:
    """A machine behind some routers can't reach itself by its public name: then it is told, and not called a fault."""
    url = config().base_url
    parts = urlsplit(url)
    if parts.hostname in _HERE:
        mend = "set public_url in billhead.toml to the https address of your shop: mails and gateways lead there"
        yield amber(f"{url} is reached from this machine only", mend)
        return
    if parts.scheme != "https":
        yield amber(
            f"{url} is not encrypted", "put a proxy with a certificate in front, and set public_url to https://…"
        )
    try:
        answer = httpx.get(f"{url}/healthz", timeout=_SECONDS)
    except httpx.HTTPError as error:
        if "certificate" in str(error).lower():
            yield red(f"{url}: {error}", "renew the certificate of the proxy in front")
        else:
            yield amber(
                f"{url} does not answer this machine: {str(error) or type(error).__name__}",
                "open it from a phone; if it fails there too, mend the name, the proxy or the firewall",
            )
        return
    if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
        yield good(f"{url} answers")
    else:
        yield red(f"{url}/healthz answers {answer.status_code}", "let the proxy hand everything to Billhead")


@look("panels", "Outside", mend="run: billhead db upgrade")
def panels_there() -> Iterator[Answer]:
    with reading() as session:
        if session.scalar(select(exists().where(Panel.id > 0))):
            return
    yield good("there is none yet")


def _panel(panel: Panel) -> Iterator[Answer]:
    if panel.maintenance:
        yield amber(f"{panel.code} is under maintenance", "put it back in service on its page", "panel", key=panel.id)
        return
    checked = check_panel(Context.system("doctor"), panel.id)
    if checked.ok:
        yield good(f"{panel.code}: {checked.said}")
    else:
        mend = f"check address and secrets of {panel.code} in the admin area, and that the panel runs"
        yield red(f"{panel.code}: {checked.said}", mend, "panel", key=panel.id)


@look("gateways", "Outside", mend="run: billhead db upgrade")
def gateways_there() -> Iterator[Answer]:
    with reading() as session:
        offered = set(session.scalars(select(GatewayAccount.gateway).where(GatewayAccount.enabled)))
    if not offered:
        yield amber("no way to pay is offered: nobody can order", "add a gateway account", "choose_gateway")
    for plugin, gateway in plugins().offers("payment_gateways"):
        if gateway.code in offered and (lacking := gateway.lacks()):
            mend = f"complete the settings of the plugin {plugin}"
            yield red(f"{gateway.label} is not offered: {lacking}", mend, "plugin_settings", name=plugin)


def _account(account: GatewayAccount) -> Iterator[Answer]:
    if not account.enabled:
        yield good(f"{account.code} is not offered")
        return
    if account.paused_because:
        mend = "mend its keys at the provider, then save its settings again"
        yield red(f"{account.code} is paused: {account.paused_because}", mend, "gateway_settings", key=account.id)
        return
    gateway = plugins().gateway(account.gateway)
    if gateway.lacks():
        return  # said once for all of its accounts
    able = gateway.capabilities()
    said = check_gateway_account(Context.system("doctor"), account.id) if able.check else "offered"
    yield good(f"{account.code}: {said}")
    if not able.confirmed_by_staff:
        yield from _callbacks(account)


def _callbacks(account: GatewayAccount) -> Iterator[Answer]:
    """What was paid and never told by a callback was only found because we looked."""
    mine = Callback.account_id == account.id
    with reading() as session:
        paid, heard, forged = session.execute(
            select(
                exists().where(Payment.account_id == account.id),
                exists().where(mine, Callback.state.in_(("verified", "applied", "rejected"))),
                exists().where(mine, Callback.state == "quarantined"),
            )
        ).one()
    if heard or not (paid or forged):
        return
    mend = "enter the callback address of its page at the provider, and the secret for it here"
    says = f"{account.code} was paid through, and no callback ever came"
    if forged:
        says = f"{account.code}: no callback could be verified yet"
    yield amber(says, mend, "gateway_settings", key=account.id)


@look("mail", "Outside", mend="correct the settings of the plugin email", slow=True)
def mail() -> Iterator[Answer]:
    """Every channel that can say whether its settings hold; without any, customers hear nothing."""
    with reading() as session:
        channels = set_up_channels(session)
        waiting = Notice.state.in_(("queued", "failed"))
        stuck = session.scalar(select(func.count()).select_from(Notice).where(waiting, Notice.channel == "email")) or 0
    if "email" not in {channel.code for _, channel in channels}:
        told = red if stuck else amber
        waits = counted(
            stuck,
            f"no mail server is set, and {stuck} message waits for it",
            f"no mail server is set, and {stuck} messages wait for it",
        )
        says = waits if stuck else "no mail server is set"
        yield told(says, "enter the SMTP server of your mail", "setup_mail")
    for plugin, channel in channels:
        if isinstance(channel, CheckedChannel):
            yield good(f"{channel.code}: {channel.check(channel_connection(channel.code))}")
        elif channel.code == "email":
            yield good(f"{plugin} sends mail")


LOOKS = (address, panels_there, gateways_there, mail)
