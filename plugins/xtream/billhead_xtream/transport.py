"""What the web server in front of a panel says, by HTTP status. The panel itself answers 200 to everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from billhead.plugin import NotAuthorised, PanelError, PanelOutcomeUnknown, PanelUnreachable

Unclear = type[PanelUnreachable] | type[PanelOutcomeUnknown]
"""What an answer that says nothing means: a read may be repeated, a write may have happened."""


def stopped_before(what: str, action: str, status: int, unclear: Unclear, *, allow: str, address: str) -> Exception:
    """The error for a status other than 200. `allow` and `address` say what to mend after a 403 and a 404."""
    if status == 403:
        return NotAuthorised(f"{what} shuts this server out (HTTP 403).", hint=allow)
    if status == 404:
        return NotAuthorised(f"{what} has nothing at this address (HTTP 404).", hint=address)
    if 300 <= status < 400:
        return PanelUnreachable(  # a page that says that it is being worked on, or another address: both pass
            f"{what} redirects {action} elsewhere (HTTP {status}).",
            hint="Enter the address that it redirects to, often https instead of http.",
        )
    if status < 500:  # stopped in front of the panel, so nothing was done
        return PanelUnreachable(f"{what} turned {action} away with HTTP {status}.")
    return unclear(f"{what} answered {action} with HTTP {status}.")


@contextmanager
def reading_back() -> Iterator[None]:
    """A read that fails after a write leaves the write in doubt, whatever the read was answered."""
    try:
        yield
    except PanelOutcomeUnknown:
        raise
    except PanelError as error:
        raise PanelOutcomeUnknown(f"{error} The change before it may have been made.") from error
