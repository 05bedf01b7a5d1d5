"""The area in which resellers live all day: users, credits, and for super-resellers whoever stands below them."""

from billhead.web.reseller import account as _account  # noqa: F401 registers what its pages need
from billhead.web.reseller import adding as _adding  # noqa: F401 registers its views
from billhead.web.reseller import below as _below  # noqa: F401 registers its views
from billhead.web.reseller import changing as _changing  # noqa: F401 registers its views
from billhead.web.reseller import contact as _contact  # noqa: F401 registers its views
from billhead.web.reseller import credits as _credits  # noqa: F401 registers its views
from billhead.web.reseller import dropping as _dropping  # noqa: F401 registers its views
from billhead.web.reseller import editing as _editing  # noqa: F401 registers its views
from billhead.web.reseller import handing_out as _handing_out  # noqa: F401 registers its views
from billhead.web.reseller import home as _home  # noqa: F401 registers its views
from billhead.web.reseller import keys as _keys  # noqa: F401 registers its views
from billhead.web.reseller import letting_in as _letting_in  # noqa: F401 registers its views
from billhead.web.reseller import many as _many  # noqa: F401 registers its views
from billhead.web.reseller import margin as _margin  # noqa: F401 registers its views
from billhead.web.reseller import messages as _messages  # noqa: F401 registers its views
from billhead.web.reseller import moving as _moving  # noqa: F401 registers its views
from billhead.web.reseller import prices as _prices  # noqa: F401 registers its views
from billhead.web.reseller import renewing as _renewing  # noqa: F401 registers its views
from billhead.web.reseller import renewing_alone as _renewing_alone  # noqa: F401 registers its views
from billhead.web.reseller import shop as _shop  # noqa: F401 registers its views
from billhead.web.reseller import shop_guides as _shop_guides  # noqa: F401 registers its views
from billhead.web.reseller import shop_help as _shop_help  # noqa: F401 registers its views
from billhead.web.reseller import shop_looks as _shop_looks  # noqa: F401 registers its views
from billhead.web.reseller import shop_money as _shop_money  # noqa: F401 registers its views
from billhead.web.reseller import shop_money_back as _shop_money_back  # noqa: F401 registers its views
from billhead.web.reseller import shop_orders as _shop_orders  # noqa: F401 registers its views
from billhead.web.reseller import shop_pages as _shop_pages  # noqa: F401 registers its views
from billhead.web.reseller import shop_papers as _shop_papers  # noqa: F401 registers its views
from billhead.web.reseller import shop_prices as _shop_prices  # noqa: F401 registers its views
from billhead.web.reseller import shop_tickets as _shop_tickets  # noqa: F401 registers its views
from billhead.web.reseller import user as _user  # noqa: F401 registers its views
from billhead.web.reseller import users as _users  # noqa: F401 registers its views
from billhead.web.reseller.area import reseller

__all__ = ["reseller"]
