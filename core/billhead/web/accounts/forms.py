"""The forms of signing up and in."""

from wtforms import EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import Email, InputRequired, Length

from billhead.web.forms import Form, stripped
from billhead.web.places import country_choices
from billhead.web.speaking import later

__all__ = ["PASSWORD_HINT", "LinkForm", "NewPasswordForm", "SignInForm", "SignUpForm"]

PASSWORD_HINT = later("At least 10 characters. A short sentence is easy to remember and hard to guess.")


def _email(autocomplete: str = "email") -> EmailField:
    return EmailField(
        later("E-mail address"),
        filters=[stripped],
        validators=[
            InputRequired(later("Your e-mail address is needed.")),
            Email(later("This is not an e-mail address.")),
        ],
        render_kw={"autocomplete": autocomplete, "inputmode": "email"},
    )


class SignInForm(Form):
    email = _email("username")
    password = PasswordField(
        later("Password"),
        validators=[InputRequired(later("Your password is needed.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class SignUpForm(Form):
    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[InputRequired(later("Your name is needed.")), Length(max=200)],
        description=later("As it should stand on your invoices."),
        render_kw={"autocomplete": "name"},
    )
    email = _email()
    password = PasswordField(
        later("Password"),
        validators=[InputRequired(later("Choose a password."))],
        description=PASSWORD_HINT,
        render_kw={"autocomplete": "new-password", "minlength": 10},
    )
    country = SelectField(later("Country"), choices=country_choices, description=later("Decides which tax applies."))
    zone = HiddenField(render_kw={"data-fill-time-zone": ""})


class LinkForm(Form):
    email = _email("username")


class NewPasswordForm(Form):
    password = PasswordField(
        later("New password"),
        validators=[InputRequired(later("Choose a password."))],
        description=PASSWORD_HINT,
        render_kw={"autocomplete": "new-password", "minlength": 10},
    )
