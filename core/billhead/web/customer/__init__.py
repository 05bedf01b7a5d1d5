"""The customer's own area: services with what is needed to watch, invoices, payment methods, profile."""

from billhead.web.customer import access as _access  # noqa: F401 registers its views
from billhead.web.customer import boxes as _boxes  # noqa: F401 registers its views
from billhead.web.customer import changing as _changing  # noqa: F401 registers its views
from billhead.web.customer import credit_orders as _credit_orders  # noqa: F401 registers its views
from billhead.web.customer import data as _data  # noqa: F401 registers its views
from billhead.web.customer import debts as _debts  # noqa: F401 registers its views
from billhead.web.customer import disputes as _disputes  # noqa: F401 registers its views
from billhead.web.customer import documents as _documents  # noqa: F401 registers its views
from billhead.web.customer import family as _family  # noqa: F401 registers its views
from billhead.web.customer import friends as _friends  # noqa: F401 registers its views
from billhead.web.customer import invoicing as _invoicing  # noqa: F401 registers its views
from billhead.web.customer import live as _live  # noqa: F401 registers its views
from billhead.web.customer import notifications as _notifications  # noqa: F401 registers its views
from billhead.web.customer import once as _once  # noqa: F401 registers its views
from billhead.web.customer import orders as _orders  # noqa: F401 registers its views
from billhead.web.customer import profile as _profile  # noqa: F401 registers its views
from billhead.web.customer import renewal as _renewal  # noqa: F401 registers its views
from billhead.web.customer import services as _services  # noqa: F401 registers its views
from billhead.web.customer import statement as _statement  # noqa: F401 registers its views
from billhead.web.customer import tickets as _tickets  # noqa: F401 registers its views
from billhead.web.customer import wallet as _wallet  # noqa: F401 registers its views
from billhead.web.customer.blueprint import customer

__all__ = ["customer"]
