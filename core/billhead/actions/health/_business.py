"""The business: sellers and what the law wants of their invoices, tax, plans and their prices."""

from collections.abc import Iterator

from sqlalchemy import exists, func, or_, select

from billhead import clock
from billhead.actions.health._check import Answer, amber, good, look, red
from billhead.db import reading
from billhead.domain.counted import counted
from billhead.models.catalogue import Plan, Price
from billhead.models.sellers import Seller, TaxRegistration
from billhead.plugin_host import plugins

__all__ = ["LOOKS"]

_SHOWN = 5


@look("sellers", "Business", mend="run: billhead db upgrade")
def sellers() -> Iterator[Answer]:
    with reading() as session:
        rows = session.scalars(select(Seller).order_by(Seller.code).limit(100)).all()
    found = False
    for row in rows:
        lacks = [name for name in ("street", "city") if not row.address.get(name)]
        if lacks or not row.mail_from:
            found = True
            what = ", ".join([*lacks, *([] if row.mail_from else ["sender of mails"])])
            mend = "complete it: invoices need the address"
            yield amber(f"{row.name} lacks: {what}", mend, "seller_invoicing", key=row.id)
    if not rows:
        yield amber("there is none yet", "open /setup in a browser, or run: billhead setup")
    elif not found:
        yield good(f"{len(rows)} with address and sender")


@look("tax", "Business", mend="run: billhead db upgrade")
def tax() -> Iterator[Answer]:
    engines = {engine.code for _, engine in plugins().offers("tax_engines")}
    registered = exists().where(TaxRegistration.seller_id == Seller.id)
    with reading() as session:
        rows = session.execute(
            select(Seller.code, Seller.tax_engine, registered.label("registered")).order_by(Seller.code).limit(100)
        ).all()
    fine = True
    for code, engine, is_registered in rows:
        if engine and engine not in engines:
            fine = False
            mend = "install its plugin or switch it on; until then nothing is billed"
            yield red(f"{code}: the tax engine {engine} is not here", mend, "setup_tax")
        elif engine and not is_registered:
            fine = False
            mend = "name where it is registered; without that no tax is charged"
            yield amber(f"{code} is registered for tax nowhere", mend, "setup_tax")
    untaxed = [code for code, engine, _ in rows if not engine]
    if untaxed:
        yield good(f"no tax is charged by {', '.join(untaxed[:_SHOWN])}")
    elif fine:
        yield good("each seller has an engine and a registration" if rows else "there is no seller yet")


@look("plans", "Business", mend="run: billhead db upgrade")
def plans() -> Iterator[Answer]:
    """What is shown in the shop and can't be bought, for want of a price that holds today."""
    today = clock.business_now().date()
    holds = exists().where(
        Price.plan_id == Plan.id,
        Price.withdrawn_on.is_(None),
        or_(Price.valid_from.is_(None), Price.valid_from <= today),
        or_(Price.valid_until.is_(None), Price.valid_until >= today),
    )
    shown = (Plan.listed, Plan.retired.is_(False))
    with reading() as session:
        without = session.execute(
            select(Plan.id, Plan.code).where(*shown, ~holds).order_by(Plan.id).limit(_SHOWN)
        ).all()
        priced = session.scalar(select(func.count()).select_from(Plan).where(*shown, holds)) or 0
    for key, code in without:
        yield amber(
            f"{code} is in the shop without a price", "give it a price, or take it out of the shop", "plan", key=key
        )
    if priced:
        yield good(counted(priced, f"{priced} in the shop has a price", f"{priced} in the shop have a price"))
    elif not without:
        yield amber("there is none to sell yet", "make the first", "setup_plan")


LOOKS = (sellers, tax, plans)
