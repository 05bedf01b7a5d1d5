"""The shop: plans, cart, checkout, paying, and coming back from the gateway."""

from billhead.web.storefront import cart as _cart  # noqa: F401 registers its views
from billhead.web.storefront import checkout as _checkout  # noqa: F401 registers its views
from billhead.web.storefront import comparing as _comparing  # noqa: F401 registers its views
from billhead.web.storefront import content as _content  # noqa: F401 registers its views
from billhead.web.storefront import friends as _friends  # noqa: F401 registers its views
from billhead.web.storefront import helping as _helping  # noqa: F401 registers its views
from billhead.web.storefront import logo as _logo  # noqa: F401 registers its views
from billhead.web.storefront import partners as _partners  # noqa: F401 registers its views
from billhead.web.storefront import pay as _pay  # noqa: F401 registers its views
from billhead.web.storefront import pay_link as _pay_link  # noqa: F401 registers its views
from billhead.web.storefront import pay_several as _pay_several  # noqa: F401 registers its views
from billhead.web.storefront import plans as _plans  # noqa: F401 registers its views
from billhead.web.storefront import proofs as _proofs  # noqa: F401 registers its views
from billhead.web.storefront import short_address as _short_address  # noqa: F401 registers its views
from billhead.web.storefront import stop_news as _stop_news  # noqa: F401 registers its views
from billhead.web.storefront import tracking as _tracking  # noqa: F401 registers its views
from billhead.web.storefront.blueprint import storefront

__all__ = ["storefront"]
