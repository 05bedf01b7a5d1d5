"""What notices are about, as customers choose by it. What stands nowhere else is about money."""

__all__ = ["CHOSEN", "DIGEST", "HOLDS_A_SECRET", "NEWS", "SECURITY", "group_of"]

SECURITY = "security"  # by e-mail alone, and never switched off
NEWS = "news"  # the one group that may be switched off

DIGEST = "digest"  # of all the others: one mail that tells of several

CHOSEN = ("bills", "line", "support", NEWS)

_KINDS = {
    "line": (
        "access", "allowance", "box_changed", "canceled", "keeper_changed", "line_ending", "new_address", "order_held",
        "order_refused", "restored", "sharing", "suspended", "throttled", "user_canceled", "user_moved", "users_ending",
    ),
    "support": ("ticket_answer", "ticket_news", "ticket_opened", "ticket_written"),
    NEWS: ("planned_work", "price_stays", "reseller_message", "trial_ending"),
    DIGEST: ("digest",),
    SECURITY: (
        "channel_code", "confirm_email", "erasing", "erasure_asked", "erasure_blocked", "export_ready", "invited",
        "known_address", "password_link", "security_change", "welcome",
    ),
}  # fmt: skip
HOLDS_A_SECRET = frozenset(
    {
        "access",
        "channel_code",
        "confirm_email",
        "invited",
        "known_address",
        "new_address",
        "password_link",
        "payment_action",
        "refund_claim",
        "welcome",
    }
)
"""What they say opens somebody's line, account or payment: it is not kept."""

_GROUP_OF = {kind: group for group, kinds in _KINDS.items() for kind in kinds}


def group_of(kind: str) -> str:
    return _GROUP_OF.get(kind, "bills")
