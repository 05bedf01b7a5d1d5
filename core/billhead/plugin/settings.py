"""Settings of a plugin, a panel or a gateway account: a frozen dataclass whose fields say how to ask for them.

    @dataclass(frozen=True)
    class StalkerSettings:
        url: str = option("Portal address", hint="https://portal.example/stalker_portal")
        login: str = option("API login")
        password: str = secret("API password")
        timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=300)

The admin form, `plugins doctor` and the vault are built from these fields. Secrets are encrypted at rest, write-only in
forms and never printed: their dataclass field is left out of `repr`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

from billhead.domain.errors import InvalidInput

__all__ = ["fields_of", "load_settings", "option", "secret", "secure_address"]

T = TypeVar("T")

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def option(
    label: str,
    *,
    default: Any = MISSING,
    hint: str = "",
    choices: Sequence[str] = (),
    minimum: int | None = None,
    maximum: int | None = None,
) -> Any:
    """A visible setting. Its annotation (`str`, `int`, `bool`) decides the field; without a default it's required."""
    metadata = {
        "label": label,
        "hint": hint,
        "choices": tuple(choices),
        "min": minimum,
        "max": maximum,
        "secret": False,
    }
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def secret(label: str, *, default: Any = MISSING, hint: str = "") -> Any:
    """A secret setting (always text): stored encrypted, shown as set or not set."""
    metadata = {"label": label, "hint": hint, "choices": (), "min": None, "max": None, "secret": True}
    if default is MISSING:
        return field(repr=False, metadata=metadata)
    return field(default=default, repr=False, metadata=metadata)


def fields_of(settings_type: type) -> list[tuple[Field[Any], type]]:
    """(dataclass field, resolved type) pairs of a settings class, in order."""
    hints = get_type_hints(settings_type)
    return [(f, hints[f.name]) for f in fields(settings_type)]


def load_settings(settings_type: type[T], values: Mapping[str, Any]) -> T:
    """Build the settings object, checking presence, type, choices and bounds.

    Raises InvalidInput naming the field and how to mend it. Unknown keys are refused: they are usually spelling errors.
    """
    known = {f.name for f, _ in fields_of(settings_type)}
    for name in values:
        if name not in known:
            raise InvalidInput(name, f"is not a setting here; there are: {', '.join(sorted(known))}")
    loaded = {}
    for f, kind in fields_of(settings_type):
        if f.name not in values or values[f.name] is None:
            if f.default is MISSING:
                raise InvalidInput(f.name, f"{f.metadata.get('label', f.name)} is required")
            continue
        loaded[f.name] = _checked(f, kind, values[f.name])
    return settings_type(**loaded)


def _checked(f: Field[Any], kind: type, value: Any) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise InvalidInput(f.name, "must be yes or no (true or false)")
        return value
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidInput(f.name, f"{value!r} is not a whole number")
        low, high = f.metadata.get("min"), f.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            raise InvalidInput(f.name, f"must be from {low} to {high}, not {value}")
        return value
    text = str(value)
    choices = f.metadata.get("choices") or ()
    if choices and text not in choices:
        raise InvalidInput(f.name, f"{text!r} is not one of {', '.join(choices)}")
    if not text and f.default is MISSING:
        raise InvalidInput(f.name, f"{f.metadata.get('label', f.name)} is required")
    return text


def secure_address(name: str, url: str) -> None:
    """For `__post_init__`: the setting `name` is an address with https, or one of this machine. Raises InvalidInput."""
    try:
        at = urlsplit(url)
        host = at.hostname
    except ValueError:
        host = None
    if not host or not (at.scheme == "https" or (at.scheme == "http" and host in _THIS_MACHINE)):
        raise InvalidInput(
            name, "must begin with https://, except on this machine", hint="What is secret would be sent in clear."
        )
