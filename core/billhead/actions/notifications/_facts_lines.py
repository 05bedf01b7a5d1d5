"""What notices about a line or box tell: its access, what changes on its panel.

kind                                         ids in `data`
access                                       service_id
box_changed                                  service_id, swap_id
new_address                                  service_id, news_id
planned_work                                 news_id
message                                      bulk_id
reseller_message                             message_id
sharing                                      service_id, case_id
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Own, Rows, Said, said
from billhead.actions.provisioning._desired import desired_of, panel_view
from billhead.models.bulk import BulkAction
from billhead.models.catalogue import Plan
from billhead.models.devices import MacSwap
from billhead.models.operations import Notice
from billhead.models.panels import AddressNews, Panel
from billhead.models.resellers import ResellerMessage
from billhead.models.subscriptions import Service, Subscription
from billhead.wording import marked

__all__ = ["PARTS"]

_KINDS = {"stream": marked("stream line"), "mag": marked("MAG box"), "enigma2": marked("Enigma2 receiver")}

_ACCESS = (
    (marked("Portal address"), "portal_url"),
    (marked("MAC address"), "mac"),
    (marked("Server"), "server_url"),
    (marked("Login"), "login"),
    (marked("Password"), "password"),
    (marked("Playlist (M3U)"), "m3u_url"),
    (marked("TV guide (EPG)"), "epg_url"),
    (marked("Script for an Enigma2 receiver"), "receiver_url"),
)


def _access(session: Session, notice: Notice) -> Mapping[str, Any]:
    service = found_row(session, Service, int(named(notice, "service_id")), "service")
    subscription = found_row(session, Subscription, service.subscription_id, "subscription")
    must_be_theirs(notice, subscription.customer_id, "service")
    view = panel_view(session, found_row(session, Panel, service.panel_id, "panel"))
    access = view.module.access(view.connection, desired_of(service, view))
    told = {
        "plan": Own(found_row(session, Plan, subscription.plan_id, "plan").name),
        "kind": said(_KINDS[service.kind]),
        "access": Rows([(said(label), found) for label, name in _ACCESS if (found := getattr(access, name))]),
        "devices": _devices(service.desired_connections) if service.desired_connections > 1 else None,
        # the panel gives some days of grace, which nobody is promised
        "paid_until": subscription.paid_through - timedelta(days=1) if subscription.paid_through else None,
    }
    return {"service": told}


def _devices(count: int) -> Said:
    return lambda words: words.count("%(count)d device", "%(count)d devices", count)


def _message(session: Session, notice: Notice) -> Mapping[str, Any]:
    return dict(found_row(session, BulkAction, int(named(notice, "bulk_id")), "bulk action").wish)


def _reseller_message(session: Session, notice: Notice) -> Mapping[str, Any]:
    row = found_row(session, ResellerMessage, int(named(notice, "message_id")), "message")
    return {"subject": row.subject, "words": row.words}


def _news(session: Session, notice: Notice) -> Mapping[str, Any]:
    news = found_row(session, AddressNews, int(named(notice, "news_id")), "news")
    return {"words": news.words, "begins": news.begins_at, "ends": news.ends_at}


def _box_changed(session: Session, notice: Notice) -> Mapping[str, Any]:
    service = found_row(session, Service, int(named(notice, "service_id")), "service")
    subscription = found_row(session, Subscription, service.subscription_id, "subscription")
    must_be_theirs(notice, subscription.customer_id, "service")
    swap = found_row(session, MacSwap, int(named(notice, "swap_id")), "exchange")
    plan = Own(found_row(session, Plan, subscription.plan_id, "plan").name)
    return {"box": {"plan": plan, "old": swap.old_mac or "", "new": swap.new_mac, "day": swap.swapped_on}}


def _sharing(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Nothing of who else watched: an address is somebody's."""
    service = found_row(session, Service, int(named(notice, "service_id")), "service")
    subscription = found_row(session, Subscription, service.subscription_id, "subscription")
    must_be_theirs(notice, subscription.customer_id, "service")
    told = {
        "plan": Own(found_row(session, Plan, subscription.plan_id, "plan").name),
        "devices": _devices(service.desired_connections),
    }
    return {"service": told}


PARTS: Parts = {
    "access": (_access,),
    "box_changed": (_box_changed,),
    "new_address": (_access, _news),
    "planned_work": (_news,),
    "message": (_message,),
    "reseller_message": (_reseller_message,),
    "sharing": (_sharing,),
}
