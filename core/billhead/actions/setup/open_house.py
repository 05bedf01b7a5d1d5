"""Open an empty house with its one-time code: the first seller, and the first person of staff as its owner."""

from dataclasses import dataclass

from billhead.actions.accounts.create_login import create_login
from billhead.actions.sellers.open_seller import open_seller
from billhead.actions.setup._code import has_staff, is_right
from billhead.actions.staff._starting import OWNER, make_starting_roles
from billhead.actions.staff.set_staff_role import set_staff_role
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.setup import SetupCode
from billhead.models.support import Department

__all__ = ["House", "HouseOpened", "open_house"]


@dataclass(frozen=True, slots=True)
class House:
    """`company` stands on invoices; `email` is the first login, and mails are sent from it until that is changed."""

    company: str
    country: str
    currency: str
    zone: str
    email: str


@dataclass(frozen=True, slots=True)
class HouseOpened:
    seller_id: int
    user_id: int


@verb("setup.open_house", permission="sellers.write")
def open_house(tx: Tx, code: str, house: House, password_hash: str) -> HouseOpened:
    """The code is void afterwards. Raises Conflict where somebody may sign in, InvalidInput naming the value."""
    row = tx.session.get(SetupCode, 1, with_for_update=True)
    if has_staff(tx.session):
        raise Conflict("this house is set up: somebody may sign in already")
    if row is None or not is_right(row, code):
        raise InvalidInput("code", "this is not the code that was printed last")
    row.digest = ""
    seller = open_seller(tx, "main", house.company, house.country, house.currency, house.zone, house.email)
    login = create_login(tx, seller.seller_id, house.email, "staff", password_hash=password_hash)
    set_staff_role(tx, login.user_id, make_starting_roles(tx)[OWNER])
    tx.session.add(Department(seller_id=seller.seller_id, name="Support"))  # so that customers can write from the start
    return HouseOpened(seller.seller_id, login.user_id)
