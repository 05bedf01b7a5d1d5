"""Announcements in the areas: what is pinned stands on top of every page, all of it on one."""

from flask import Flask
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from billhead import clock
from billhead.db import reading
from billhead.domain.context import Role
from billhead.models.helping import Announcement
from billhead.models.people import Reseller
from billhead.models.shops import Shop
from billhead.models.subscriptions import Service, Subscription
from billhead.web.markdown import as_html
from billhead.web.request_context import signed_in
from billhead.web.signed_in import Login
from billhead.web.speaking import speech

__all__ = ["announcements_for", "install"]

_SHOWN = 3
_READERS = (Role.CUSTOMER, Role.RESELLER, Role.SUPER_RESELLER)


def install(app: Flask) -> None:
    app.jinja_env.globals.update(as_html=as_html, banners=_banners, announced=_told)


def _banners() -> list[Announcement]:
    """One statement on a page of who is signed in, none for visitors and staff."""
    login = signed_in()
    if login is None or login.role not in _READERS:
        return []
    query = announcements_for(login).where(Announcement.pinned)
    with reading() as session:
        return list(session.scalars(query.order_by(Announcement.urgent.desc(), Announcement.id.desc()).limit(_SHOWN)))


def _told(row: Announcement) -> dict[str, str]:
    """{"title", "body"} in the language of the page, or as it was first written."""
    return row.texts.get(speech().language) or {"title": row.title, "body": row.body}


def announcements_for(login: Login) -> Select[Announcement]:
    """What this login is told now: by the seller whose face it sees, and in a reseller's shop by the operator."""
    at, row = clock.business_now(), Announcement
    operator = select(Reseller.seller_id).join(Shop, Shop.reseller_id == Reseller.id)
    whose = operator.where(Shop.seller_id == login.home_id).scalar_subquery()
    mine = "customers" if login.role == Role.CUSTOMER else "resellers"
    return select(row).where(
        or_(row.seller_id == login.home_id, and_(row.in_shops, row.seller_id == whose)),
        row.readers.in_(("everybody", mine)),
        row.starts_at <= at,
        or_(row.ends_at.is_(None), row.ends_at > at),
        or_(row.panel_id.is_(None), _watches(login)),
    )


def _watches(login: Login) -> ColumnElement[bool]:
    """Resellers sell on any panel, and are told of all."""
    if login.role != Role.CUSTOMER:
        return Announcement.panel_id.is_not(None)
    theirs = Service.subscription_id == Subscription.id, Subscription.customer_id == login.customer_id
    return exists().where(*theirs, Service.panel_id == Announcement.panel_id, Service.lifecycle == "wanted")
