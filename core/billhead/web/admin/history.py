"""What pages are about, of those that do not show its history in a place of their own: it stands at their end."""

__all__ = ["ABOUT", "PAGES"]

ABOUT = {
    "announcement": "announcement:{key}",
    "article": "article:{key}",
    "attempt": "attempt:{key}",
    "department": "department:{key}",
    "department_mailbox": "department:{key}",
    "edit_book": "book:{key}",
    "edit_bouquet": "bouquet:{key}",
    "edit_credit_package": "plan:{key}",
    "edit_device_model": "device_model:{key}",
    "edit_reseller_plan": "plan:{key}",
    "gateway_settings": "gateway_account:{key}",
    "message": "notice:{key}",
    "panel_status": "panel:{key}",
    "plugin_settings": "plugin:{name}",
    "policy": "dunning_policy:{key}",
    "prepared_answer": "canned_reply:{key}",
    "price_change": "reprice:{key}",
    "refund_page": "refund:{key}",
    "reseller_shop": "reseller:{key}",
    "retry_event_delivery": "event_delivery:{key}",
    "run": "run:{key}",
    "seller_billing": "seller:{key}",
    "seller_invoicing": "seller:{key}",
    "seller_numbers": "seller:{key}",
    "sharing_case": "case:{key}",
}
"""Page → what the audit trail calls it."""

PAGES = {
    "announcement": "announcement",
    "article": "article",
    "attempt": "attempt",
    "bulk": "bulk",
    "coupon": "coupon",
    "customer": "customer",
    "department": "department",
    "document": "document",
    "gateway_account": "gateway_settings",
    "panel": "panel",
    "payment": "payment",
    "plan": "plan",
    "refund": "refund_page",
    "reseller": "reseller",
    "run": "run",
    "service": "service",
    "subscription": "subscription",
    "ticket": "ticket",
    "usage_import": "usage_import",
}
"""What the audit trail calls a thing → its page, which takes its `key`."""
