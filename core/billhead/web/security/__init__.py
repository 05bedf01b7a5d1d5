"""How one signs in, and where one is signed in: a page for everybody who is, in the look of their area."""

from billhead.web.security import codes as _codes  # noqa: F401 registers its views
from billhead.web.security import email as _email  # noqa: F401 registers its views
from billhead.web.security import links as _links  # noqa: F401 registers its views
from billhead.web.security import overview as _overview  # noqa: F401 registers its views
from billhead.web.security import passkeys as _passkeys  # noqa: F401 registers its views
from billhead.web.security.area import security

__all__ = ["security"]
