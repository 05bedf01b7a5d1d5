"""A set-up guide as it is written, by the operator or by whoever has a shop."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.access._guides import KINDS, PLACES, Guide, shipped
from billhead.actions.access.save_guide import GuideText
from billhead.models.access import SetupGuide
from billhead.web.forms import Form, stripped
from billhead.web.speaking import later

__all__ = ["GuideForm", "guides_of", "opened"]


class GuideForm(Form):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("One that exists already: another language of it, or yours instead of it."),
    )
    language = StringField(
        later("Language"), filters=[stripped], default="en", description=later("Like en, de or pt-BR.")
    )
    title = StringField(
        later("Title"), filters=[stripped], validators=[DataRequired(later("A title is needed.")), Length(max=80)]
    )
    kinds = SelectMultipleField(
        later("For"),
        choices=dict(
            zip(KINDS, (later("Apps and computers"), later("MAG boxes"), later("Enigma2 receivers")), strict=True)
        ),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    steps = TextAreaField(
        later("Steps"),
        validators=[DataRequired(later("Write at least one step."))],
        description=later(
            "One a line. Filled in from the line: %(places)s", places=" ".join(f"{{{name}}}" for name in PLACES)
        ),
        render_kw={"rows": 10},
    )
    position = IntegerField(later("Place in the list"), default=0, validators=[InputRequired(later("Write a number."))])
    hidden = BooleanField(later("Don't show it to customers"))

    def told(self) -> GuideText:
        return GuideText(
            self.code.data or "", self.language.data or "", self.title.data or "", tuple(self.kinds.data or ()),
            self.steps.data or "", self.position.data or 0, bool(self.hidden.data),
        )  # fmt: skip


def guides_of(session: Session, seller_id: int) -> tuple[list[SetupGuide], list[Guide]]:
    """A seller's own by code and language, and those of the house that none of them replaces."""
    own = session.scalars(
        select(SetupGuide).where(SetupGuide.seller_id == seller_id).order_by(SetupGuide.code, SetupGuide.language)
    ).all()
    replaced = {(one.code, one.language) for one in own}
    return list(own), [one for one in shipped() if (one.code, one.language) not in replaced]


def opened(session: Session, seller_id: int, code: str, language: str) -> GuideForm:
    """With what is there to be changed, the seller's own or else the house's; empty where there is neither."""
    own = session.scalar(
        select(SetupGuide).where(
            SetupGuide.seller_id == seller_id, SetupGuide.code == code, SetupGuide.language == language
        )
    )
    if own is not None:
        return GuideForm(obj=own)
    house = next((one for one in shipped() if (one.code, one.language) == (code, language)), None)
    if house is not None:
        return GuideForm(data={**house._asdict(), "steps": "\n".join(house.steps)})
    return GuideForm(data={"language": language})
