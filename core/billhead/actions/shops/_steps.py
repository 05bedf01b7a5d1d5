"""What a reseller's shop needs before somebody can buy there: a step is done when what it is for is there."""

from dataclasses import dataclass, replace

from sqlalchemy import Exists, exists, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._own import OwnShop
from billhead.actions.shops._sells import Assortment, assortment
from billhead.actions.subscriptions._sale import LINE_KINDS
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.content import ContentPage, ContentText
from billhead.models.credits import CreditLot
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.models.shops import ShopHost, ShopSupply
from billhead.models.support import Department
from billhead.wording import marked

__all__ = ["ShopStep", "opens_soon", "steps_of_shop"]


@dataclass(frozen=True, slots=True)
class ShopStep:
    """`optional`: a shop sells without it."""

    name: str
    title: str
    about: str
    optional: bool = False
    done: bool = False


_STEPS = (
    ShopStep("prices", marked("Your prices"), marked("A plan without one is not for sale in your shop.")),
    ShopStep("payment", marked("A way to be paid"), marked("An account of your own, to which your customers pay.")),
    ShopStep("law", marked("Name and address by law"), marked("They stand on invoices.")),
    ShopStep("mail", marked("Mail is from"), marked("Your mail server must let the operator send for this address.")),
    ShopStep("pages", marked("Imprint and terms"), marked("One page at least that everybody can read.")),
    ShopStep("credits", "Credits", marked("What is sold takes them: without any, paid orders wait.")),
    ShopStep("support", "Support", marked("Until there is a department, nobody can write to you."), optional=True),
    ShopStep("host", marked("A name of your own"), marked("The operator confirms it."), optional=True),
)


def steps_of_shop(session: Session, own: OwnShop) -> list[ShopStep]:
    """All steps in their order, by one statement beside what it may sell."""
    seller, here = own.seller, own.seller.id
    published = exists().where(ContentPage.seller_id == here, ContentText.page_id == ContentPage.id)
    lots = exists().where(CreditLot.reseller_id == own.reseller.id, CreditLot.remaining_minor > 0)
    asked = {
        "prices": _priced(seller, assortment(session, here)),
        "payment": exists().where(GatewayAccount.seller_id == here, GatewayAccount.enabled),
        "pages": published.where(ContentText.shown.is_not(None), ContentPage.place != "front"),
        "credits": lots,
        "support": exists().where(Department.seller_id == here),
        "host": exists().where(ShopHost.seller_id == here, ShopHost.confirmed_at.is_not(None)),
    }
    row = session.execute(select(*(one.label(name) for name, one in asked.items()))).one()
    done = {name: bool(getattr(row, name)) for name in asked}
    done["law"] = bool(seller.legal_name and seller.address.get("street") and seller.address.get("city"))
    done["mail"] = bool(seller.mail_from)
    done["credits"] = done["credits"] or own.reseller.credit_line_minor > 0
    return [replace(one, done=done[one.name]) for one in _STEPS]


def opens_soon(session: Session, seller: Seller) -> bool:
    """Whether it is a reseller's open shop in which nothing has a price so far, and nobody has bought. One that has
    sold before is empty by choice."""
    sold = assortment(session, seller.id)
    if sold.seller_id == seller.id or sold.closed:
        return False
    bought = exists().where(ShopSupply.seller_id == seller.id)
    return not session.scalar(select(or_(bought, _priced(seller, sold))))


def _priced(seller: Seller, sold: Assortment) -> Exists:
    today = clock.today_in(seller.zone)
    return exists().where(
        PriceBook.seller_id == seller.id,
        Price.book_id == PriceBook.id,
        Price.withdrawn_on.is_(None),
        or_(Price.valid_until.is_(None), Price.valid_until > today),
        Plan.id == Price.plan_id,
        Plan.kind.in_(LINE_KINDS),
        Plan.retired.is_(False),
        sold.holds(),
    )
