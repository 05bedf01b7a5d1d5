"""The forms of signing up and in."""

from wtforms import EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import Email, InputRequired, Length

from billhead.web.forms import Form, stripped
from billhead.web.places import country_choices

__all__ = ["LinkForm", "NewPasswordForm", "SignInForm", "SignUpForm"]

_PASSWORD_HINT = "At least 10 characters. A short sentence is easy to remember and hard to guess."  # noqa: S105


def _email(autocomplete: str = "email") -> EmailField:
    return EmailField(
        "E-mail address",
        filters=[stripped],
        validators=[InputRequired("Your e-mail address is needed."), Email("This is not an e-mail address.")],
        render_kw={"autocomplete": autocomplete, "inputmode": "email"},
    )


class SignInForm(Form):
    email = _email("username")
    password = PasswordField(
        "Password",
        validators=[InputRequired("Your password is needed."), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class SignUpForm(Form):
    name = StringField(
        "Name",
        filters=[stripped],
        validators=[InputRequired("Your name is needed."), Length(max=200)],
        description="As it should stand on your invoices.",
        render_kw={"autocomplete": "name"},
    )
    email = _email()
    password = PasswordField(
        "Password",
        validators=[InputRequired("Choose a password.")],
        description=_PASSWORD_HINT,
        render_kw={"autocomplete": "new-password", "minlength": 10},
    )
    country = SelectField("Country", choices=country_choices, description="Decides which tax applies.")
    zone = HiddenField(render_kw={"data-fill-time-zone": ""})


class LinkForm(Form):
    email = _email("username")


class NewPasswordForm(Form):
    password = PasswordField(
        "New password",
        validators=[InputRequired("Choose a password.")],
        description=_PASSWORD_HINT,
        render_kw={"autocomplete": "new-password", "minlength": 10},
    )
