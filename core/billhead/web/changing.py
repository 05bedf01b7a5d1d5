"""What the forms for a change of plan and for a hold say, for customers and staff alike."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish
from billhead.actions.subscriptions.change_choices import Choices, PlanChoice
from billhead.actions.subscriptions.keep import Kept
from billhead.actions.subscriptions.resume import Resumed
from billhead.domain.errors import InvalidInput
from billhead.domain.typed_day import typed_day
from billhead.domain.whole_number import whole_number
from billhead.web.formatting import day_in_words, last_day, money
from billhead.web.speaking import marked, say

__all__ = ["PRICE_CHANGED", "changed_by_staff", "day_of", "goes_on", "wish_of"]

PRICE_CHANGED = marked("What this costs has changed since it was shown. Look at it again, please.")


def wish_of(form: Mapping[str, str], subscription_id: int, choices: Choices) -> ChangeWish:
    """The wish that a form tells: `offer` is plan and term with a bar between, `addon-CODE` how many, `quantity` how
    often the plan, where it is sold by the unit.

    Raises InvalidInput for what was not offered.
    """
    offered = {f"{one.code}|{one.term}": one for one in choices.plans}
    chosen = offered.get(form.get("offer", ""))
    if chosen is None:
        raise InvalidInput("offer", say("choose one of the plans"))
    fitting = [one for one in choices.addons if chosen.code in one.plans]
    numbers = {one.code: _number(form.get(f"addon-{one.code}", "0"), one.most, one.name) for one in fitting}
    addons = tuple(AddOnOrder(code, number) for code, number in numbers.items() if number)
    return ChangeWish(subscription_id, chosen.code, chosen.term, addons, quantity=_units(form, chosen, choices.units))


def _units(form: Mapping[str, str], chosen: PlanChoice, had: int) -> int | None:
    """Where nothing is said, what there is, as far as the plan that is chosen allows it."""
    text = form.get("quantity", "").strip()
    if chosen.most == 1 or not text:
        return None if chosen.current else min(max(had, chosen.least), chosen.most)
    number = whole_number(text, 4)
    if number is None or (not chosen.least <= number <= chosen.most and not (chosen.current and number == had)):
        told = {"plan": chosen.name, "least": chosen.least, "most": chosen.most}
        raise InvalidInput("quantity", say("%(plan)s: choose a number from %(least)s to %(most)s", **told))
    return number


def changed_by_staff(wish: ChangeWish, form: Mapping[str, str]) -> ChangeWish:
    """With what only staff may choose: when it happens, from which day, and whether a whole period begins."""
    on = day_of(form, "on")
    when = "" if on is not None else form.get("when", "")
    return replace(wish, when=when, on=on, restart=form.get("restart") == "yes")


def _number(text: str, most: int, name: str) -> int:
    number = whole_number(text, 3)
    if number is None or number > most:
        raise InvalidInput("addons", say("%(addon)s: choose a number from 0 to %(most)s", addon=name, most=most))
    return number


def day_of(form: Mapping[str, str], field: str) -> date | None:
    """A day, or None where the field is empty. Raises InvalidInput."""
    text = form.get(field, "").strip()
    if not text:
        return None
    day = typed_day(text)
    if day is None:
        raise InvalidInput(field, f"{text!r} is not a day", hint="Write it like 2027-01-31.")
    return day


def goes_on(done: Resumed | Kept) -> list[tuple[str, str]]:
    """(what, how much) of what goes on again, when a hold ends or what was planned is taken back."""
    charged, back = max(done.total_minor, 0), max(-done.total_minor, 0)
    figures = [(say("Comes back"), back)] if back else [(say("Is charged now"), charged)]
    if done.owed_minor:
        figures.append((say("Still to be paid"), done.owed_minor))
    shown = [(what, money(minor, done.currency)) for what, minor in figures]
    if done.paid_through:
        last = last_day(date.fromisoformat(done.paid_through))
        shown.append((say("Paid until"), day_in_words(last)))
    return shown
