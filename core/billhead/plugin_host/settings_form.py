"""A form for the settings of a panel, a gateway account or a plugin, built from the fields of its dataclass.

    form = settings_form(module.settings_type, panel)()
    if form.validate_on_submit():
        store_settings(module.settings_type, panel, form.values())

A secret is write-only: its field is never filled, an empty one keeps what is stored, an optional one can be cleared.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
from wtforms.fields import Field as FormField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from billhead.plugin.settings import fields_of
from billhead.plugin_host.stored_settings import SettingsRow, secrets_set
from billhead.wording import marked

__all__ = ["SettingsForm", "settings_form"]

Say = Callable[[str], str]

_CLEAR = "clear_"
_SET, _NOT_SET, _REMOVE = marked("It is set; leave this empty to keep it."), marked("It is not set."), marked("Remove")


def _as_it_is(text: str) -> str:
    return text


class SettingsForm(FlaskForm):
    """Use `settings_form`, which adds the fields."""

    settings_type: type

    def values(self) -> dict[str, Any]:
        """What was entered, for `store_settings`: secrets left empty are not among them."""
        entered: dict[str, Any] = {}
        for field, _ in fields_of(self.settings_type):
            value = self[field.name].data
            if not field.metadata.get("secret") or value:
                entered[field.name] = value
            elif _CLEAR + field.name in self and self[_CLEAR + field.name].data:
                entered[field.name] = ""
        return {name: value for name, value in entered.items() if value is not None}


def settings_form(settings_type: type, row: SettingsRow, say: Say = _as_it_is) -> type[SettingsForm]:
    """A form class whose fields show what the row holds; a new row shows the defaults. `say` puts labels and hints into
    the language of the page."""
    stored = secrets_set(row)
    members: dict[str, Any] = {"settings_type": settings_type}
    for field, kind in fields_of(settings_type):
        if field.metadata.get("secret"):
            members.update(_secret_fields(field, field.name in stored, say))
        else:
            members[field.name] = _visible_field(field, kind, row.settings.get(field.name, _default(field)), say)
    return type(f"{settings_type.__name__}Form", (SettingsForm,), members)


def _default(field: Field[Any]) -> Any:
    return None if field.default is MISSING else field.default


def _visible_field(field: Field[Any], kind: type, value: Any, say: Say) -> FormField:
    told = {"label": say(field.metadata["label"]), "description": say(field.metadata["hint"]), "default": value}
    required = field.default is MISSING
    if kind is bool:
        return BooleanField(**told)
    if kind is int:
        low, high = field.metadata["min"], field.metadata["max"]
        bounds = [NumberRange(low, high)] if (low, high) != (None, None) else []
        return IntegerField(validators=[InputRequired() if required else Optional(), *bounds], **told)
    if field.metadata["choices"]:
        return SelectField(choices=[SelectChoice(one, say(one)) for one in field.metadata["choices"]], **told)
    return StringField(validators=[InputRequired()] if required else [Optional()], filters=[_stripped], **told)


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


def _secret_fields(field: Field[Any], is_set: bool, say: Say) -> dict[str, FormField]:
    required = field.default is MISSING and not is_set
    state = say(_SET) if is_set else say(_NOT_SET)
    label, hint = say(field.metadata["label"]), say(field.metadata["hint"])
    hint = ". ".join(part for part in (hint.rstrip("."), state) if part)
    entry = PasswordField(
        label,
        description=hint,
        validators=[InputRequired() if required else Optional()],
        render_kw={"autocomplete": "new-password"},
    )
    if not is_set or field.default is MISSING:
        return {field.name: entry}
    return {field.name: entry, _CLEAR + field.name: BooleanField(f"{say(_REMOVE)}: {label}")}
