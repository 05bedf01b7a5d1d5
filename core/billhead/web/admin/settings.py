"""Pages with two forms in one: what every panel or account has, and what its module or gateway asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.plugin_host import plugins
from billhead.plugin_host.settings_form import SettingsForm, settings_form
from billhead.plugin_host.stored_settings import SettingsRow
from billhead.web.forms import Form
from billhead.web.speaking import speech
from billhead.wording import Wording, wording

__all__ = ["EntryForm", "PageSettings", "entered", "settings_page_form"]

_PREFIX = "of-module"


class EntryForm(Form):
    """The part that core asks for; it carries the page's CSRF token."""


class PageSettings(SettingsForm):
    """A settings form as the second part of a page."""

    class Meta(Form.Meta):
        csrf = False  # the first form of the page carries the token

    @contextmanager
    def refusals_of(self, form: Form) -> Iterator[None]:
        """Show what the settings object refuses at the field that it names; other refusals go to `form`."""
        try:
            yield
        except InvalidInput as error:
            if error.field not in self:
                raise
            field = self[error.field]
            why, hint = speech().refusal(error.why), speech().refusal(error.hint or "")
            text = f"{why.rstrip('.')}. {hint}" if hint else why
            field.errors = [*field.errors, f"{text[:1].upper()}{text[1:]}"]


def settings_page_form(settings_type: type, row: SettingsRow, **told: Any) -> PageSettings:
    """The form of these settings as `row` has them, ready to stand beside another form. `formdata=None`: not
    what the request sends."""
    built = settings_form(settings_type, row, _words_for(settings_type).say)
    both: Any = type(built.__name__, (PageSettings, built), {})
    form: PageSettings = both(prefix=_PREFIX, **told)
    return form


def _words_for(settings_type: type) -> Wording:
    """Those of the plugin that asks come first: what "Key" or "hold" means is its matter."""
    package = settings_type.__module__.partition(".")[0]
    modules = ((one.name, getattr(one.module, "__name__", "")) for one in plugins().all())
    asks = next((name for name, module in modules if module.partition(".")[0] == package), "")
    return wording(speech().language, "pages", asks)


def entered(form: Form, settings: PageSettings) -> bool:
    """True when both were sent and are complete; each is validated, so that all mistakes are shown at once."""
    return bool(form.is_submitted()) and bool(form.validate()) & bool(settings.validate())
