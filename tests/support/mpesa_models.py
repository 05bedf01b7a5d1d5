"""What may be sent to M-Pesa, by the models of a package that nobody here wrote; unknown fields are refused as well."""

import base64
from typing import Any

from mpesakit.c2b.schemas import C2BRegisterUrlRequest, C2BValidationRequest
from mpesakit.mpesa_express.schemas import StkPushQueryRequest, StkPushSimulateCallback, StkPushSimulateRequest
from pydantic import BaseModel, ValidationError

__all__ = ["faults_of", "message_faults"]

_BODIES: dict[str, type[BaseModel]] = {
    "/mpesa/stkpush/v1/processrequest": StkPushSimulateRequest,
    "/mpesa/stkpushquery/v1/query": StkPushQueryRequest,
    "/mpesa/c2b/v2/registerurl": C2BRegisterUrlRequest,
}
_MESSAGES: dict[str, type[BaseModel]] = {"answer": StkPushSimulateCallback, "deposit": C2BValidationRequest}


def faults_of(path: str, body: Any) -> list[str]:
    """What is wrong with a request by its model, and with its password, which is over the timestamp beside it."""
    model = _BODIES.get(path)
    if model is None:
        return [f"{path} is not described"]
    return [f"{path}: {one}" for one in [*_unlike(model, body), *_password_faults(body)]]


def message_faults(kind: str, message: Any) -> list[str]:
    return _unlike(_MESSAGES[kind], message)


def _unlike(model: type[BaseModel], body: Any) -> list[str]:
    """A model puts numbers right by itself: what it was given must be what it made of it, up to their type."""
    try:
        read = model(**body)
    except (ValidationError, TypeError, AttributeError) as error:
        return [str(error)]
    wrong = [f"{name} is not in the model" for name in body if name not in model.model_fields]
    for name, told in body.items():
        made = getattr(read, name, None)
        made = getattr(made, "value", made)
        if isinstance(told, str | int) and name != "TransAmount" and str(made) != str(told):
            wrong.append(f"{name} is {told!r} and should be {made!r}")
    return wrong


def _password_faults(body: Any) -> list[str]:
    if "Password" not in body:
        return []
    opened = base64.b64decode(body["Password"]).decode()
    whole = opened.startswith(str(body["BusinessShortCode"])) and opened.endswith(body["Timestamp"])
    return [] if whole and len(body["Timestamp"]) == 14 else ["the password is not over this timestamp"]
