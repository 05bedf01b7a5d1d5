"""What a login of a customer may do in the customer's area. The main login may do all, and so may a reseller's; a
family login what it was given; staff that look in for support, nothing that pays or changes how somebody pays, signs in
or is known."""

__all__ = [
    "BUYERS", "FAMILY_RIGHTS", "OWN_AREA", "OWN_RIGHTS", "STRICTEST", "SUPPORT_RIGHTS", "family_rights", "visit_needs",
]  # fmt: skip

BUYERS = ("customer", "reseller", "super_reseller")
"""The roles that have the customer's pages: a reseller as the customer that pays for its credits."""

OWN_AREA = "own.area"
"""The pages that everybody has who is in the area at all."""

STRICTEST = "own.privacy"
"""What a page of the area needs that does not say it: the main login itself."""

FAMILY_RIGHTS = {
    "own.invoices": "see invoices, statements and credit",
    "own.pay": "order and pay",
    "own.lines": "see and change services and lines",
    "own.support": "write to support",
}
"""What a family login can be given: by name, in words."""

OWN_RIGHTS = frozenset({OWN_AREA, *FAMILY_RIGHTS, "own.profile", "own.methods", "own.family", STRICTEST})

SUPPORT_RIGHTS = frozenset({OWN_AREA, "own.invoices", "own.lines", "own.support", "own.profile"})

_TO_LOOK = {"own.lines": frozenset({"services.access"})}  # these pages show passwords of lines
_TO_ACT = {
    "own.lines": frozenset({"services.access", "services.write", "subscriptions.write"}),
    "own.profile": frozenset({"customers.write"}),
    "own.support": frozenset({"tickets.write"}),
}


def visit_needs(right: str, *, looks: bool) -> frozenset[str] | None:
    """Permissions that staff must hold themselves to use a page of this right while they look in: a visit gives
    nobody what they may not do at their own desk. None: it is not for visitors at all."""
    if right not in SUPPORT_RIGHTS:
        return None
    return _TO_LOOK.get(right, frozenset()) if looks else _TO_ACT.get(right)


def family_rights(given: object) -> frozenset[str]:
    """Of a family login, as its row has them; what is no such right gives nothing."""
    names = given if isinstance(given, list) else []
    return frozenset({OWN_AREA}) | (FAMILY_RIGHTS.keys() & {str(name) for name in names})
