"""Of the description: changes of subscriptions and money that goes back, each with its preview."""

from billhead.actions.documents._place_credit import WAYS
from billhead.actions.payments.refund import DESTINATIONS
from billhead.web.api_staff.changing import MOMENTS
from billhead.web.openapi import ID, KEY, Said, does, list_of, maybe, obj

__all__ = ["ACTS"]

_AMOUNT: Said = {"type": "string", "examples": ["12.50"]}
_DAY: Said = {"type": ["string", "null"], "format": "date"}


def _word(words: tuple[str, ...]) -> Said:
    return {"type": "string", "enum": [*words]}


def _with(body: Said, *needed: str, **more: Said | str) -> Said:
    """The same body with further fields, those of `needed` required."""
    return obj(**body["properties"], **more) | {"required": [*needed]}


def _without(answer: Said, *names: str, **more: Said | str) -> Said:
    return obj(**{name: value for name, value in answer["properties"].items() if name not in names}, **more)


_LINE = obj(description="string", quantity="integer", net=_AMOUNT, tax=_AMOUNT, starts_on=_DAY, ends_on=_DAY)
_WISH = obj(
    plan="string", term="string", addons={"type": "object", "additionalProperties": {"type": "integer"}},
    quantity="integer", when=_word(MOMENTS), on=_DAY, restart="boolean",
)  # fmt: skip
_CHANGE_SEEN = obj(
    id="integer", when="string", effective_on=_DAY, currency="string", net=_AMOUNT, tax=_AMOUNT, total=_AMOUNT,
    renewal=_AMOUNT, renews_on=_DAY, must_pay="boolean", days="integer", free_until=_DAY, ends_on=_DAY,
    lines=list_of(_LINE), seen="string",
)  # fmt: skip
_CHANGED = obj(id="integer", state="string", effective_on=_DAY, document=maybe("integer"), runs_until=_DAY)
_DAYS = obj(starts_on=_DAY, ends_on=_DAY)
_HOLD_SEEN = obj(
    id="integer", starts_on=_DAY, ends_on=_DAY, way="string", currency="string", credit=_AMOUNT, seen="string",
)  # fmt: skip
_HELD = obj(id="integer", state="string", document=maybe("integer"), credit=_AMOUNT)
_RESUMED = obj(
    id="integer", paid_through=_DAY, document=maybe("integer"), currency="string", total=_AMOUNT, owed=_AMOUNT,
)  # fmt: skip
_GRANT = obj(reason="string", amount=_AMOUNT, expires_on=_DAY) | {"required": ["reason", "amount"]}
_GRANTED = obj(id="integer", currency="string", amount=_AMOUNT, left=_AMOUNT)
_CORRECTION = obj(line="integer", amount=_AMOUNT, quantity="integer", since=_DAY) | {"required": ["line"]}
_CORRECTIONS = obj(reason="string", way=_word(WAYS), lines=list_of(_CORRECTION)) | {"required": ["reason"]}
_CREDITED = obj(
    credit_note="integer", number="string", currency="string", net=_AMOUNT, tax=_AMOUNT, total=_AMOUNT,
    on_documents=_AMOUNT, credited=_AMOUNT, refunded=_AMOUNT, kept=_AMOUNT, refunds=list_of({"type": "integer"}),
)  # fmt: skip
_REFUND = obj(reason="string", amount=_AMOUNT, to=_word(DESTINATIONS)) | {"required": ["reason", "amount", "to"]}
_REFUNDED = obj(
    refund=maybe("integer"), currency="string", amount=_AMOUNT, from_credit=_AMOUNT, by_hand="boolean",
    reopened=list_of(obj(document="integer", amount=_AMOUNT)),
)  # fmt: skip
_REASON: Said = obj(reason="string") | {"required": ["reason"]}


def _two(path: str, seen: Said, done: Said, asked: Said | None, body: Said, what: str, status: str = "200") -> Said:
    """The preview and the act."""
    return {
        f"{path}/preview": {"post": does(f"{what}: what it would come to", seen, ID, body=asked)},
        path: {"post": does(what, done, ID, KEY, status=status, body=body)},
    }


ACTS: Said = {
    **_two("/subscriptions/{id}/change", _CHANGE_SEEN, _CHANGED, _WISH,
           _with(_WISH, "reason", reason="string", seen="string"), "Change what it has"),
    **_two("/subscriptions/{id}/hold", _HOLD_SEEN, _HELD, _DAYS,
           _with(_DAYS, "reason", reason="string", seen="string"), "Put it on hold"),
    **_two("/subscriptions/{id}/resume", _without(_RESUMED, "document", seen="string"), _RESUMED, None,
           _with(_REASON, "reason", seen="string"), "End its hold"),
    "/subscriptions/{id}/coupon": {
        "post": does("Give it a coupon", obj(id="integer", code="string"), ID, KEY,
                     body=_with(_REASON, "reason", "code", code="string"))
    },
    **_two("/customers/{id}/credit", _GRANTED, _GRANTED, _GRANT, _GRANT, "Give it credit", "201"),
    **_two("/documents/{id}/credit-note", _without(_CREDITED, "credit_note", "number", "refunds"), _CREDITED,
           _CORRECTIONS, _with(_CORRECTIONS, "reason", total=_AMOUNT), "Correct an invoice", "201"),
    **_two("/payments/{id}/refund", _without(_REFUNDED, "refund"), _REFUNDED, _REFUND, _REFUND, "Give money back",
           "201"),
}  # fmt: skip
