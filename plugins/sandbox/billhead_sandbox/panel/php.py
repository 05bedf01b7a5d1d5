"""How a PHP panel reads a form and what it takes for true; both panel families inherit these habits."""

from urllib.parse import parse_qsl

Form = dict[str, str | list[str]]


class PhpCrash(Exception):
    """The panel's PHP died: the caller gets HTTP 200 with an HTML text, or with nothing at all."""


def read_form(raw: bytes) -> Form:
    """`a=1&b[]=x&b[]=y` becomes `{"a": "1", "b": ["x", "y"]}`; a repeated plain name keeps its last value."""
    form: Form = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        if not name.endswith("[]"):
            form[name] = value
            continue
        items = form.setdefault(name[:-2], [])
        if isinstance(items, list):
            items.append(value)
        else:
            form[name[:-2]] = [value]
    return form


def text(form: Form, name: str, default: str = "") -> str:
    """A plain value; a list where PHP expects text is a crash."""
    value = form.get(name, default)
    if isinstance(value, list):
        raise PhpCrash("Array to string conversion")
    return value


def empty(value: str) -> bool:
    """PHP's `empty()`: the text "0" counts as empty too."""
    return value in ("", "0")


def integer(value: str) -> int:
    """PHP's `(int)`: the leading digits, or 0."""
    stripped = value.strip()
    sign = -1 if stripped.startswith("-") else 1
    digits = ""
    for character in stripped.lstrip("+-"):
        if not character.isdecimal():
            break
        digits += character
    return sign * int(digits) if digits else 0
