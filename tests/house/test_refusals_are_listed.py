"""What rules refuse stands in `locale/refusals.txt`: pages say it in other languages."""

import ast
import re
from pathlib import Path

import pytest

from billhead.refusals import forms_of, listed, read_refusal, refusals
from billhead.wording import wording
from source_tree import ROOT

CORE = Path(read_refusal.__code__.co_filename).parent
PLACE = re.compile(r"%\(\w+\)s")
TOLD = {
    "Conflict": slice(1), "NotAllowed": slice(1), "OnHold": slice(1), "too_often": slice(1),
    "InvalidInput": slice(1, None), "Impossible": slice(1, None), "count_try": slice(4, None), "FraudReason": slice(1),
}  # fmt: skip
"""Which arguments say what is refused."""
PACKAGES = (
    "resellers", "shops", "content",
    "access", "accounts", "coupons", "credits", "devices", "dunning", "entitlements", "family", "fraud", "helping",
    "notifications", "payments", "privacy", "referrals", "sign_in", "subscriptions", "support",
    "catalogue", "sellers",
    "adopting", "billing", "documents", "moving", "panels", "provisioning",
    "bulk", "impersonation", "jobs", "rates", "setup", "simulations", "staff", "viewings",
)  # fmt: skip
"""Of actions whose refusals resellers, customers and staff meet."""
CHECKED = {
    "good": slice(2),
    "amber": slice(2),
    "red": slice(2),
    "told": slice(2),
    "look": slice(0),
    "Look": slice(3, 4),
}
"""Which arguments of a check's answer are sentences."""
ONLY_VALUES = {"\0: \0", "sqlite \0", "postgresql \0.\0", "\0 UTC, \0", "\0 UTC, \0 s from the database's"}
"""Answers in which there is nothing to translate: versions, moments, and what somebody else said."""
DOMAIN = "correction document due dunning fillable fraud numbering referral simulation watching"
"""Modules of the domain whose refusals they meet as well."""
FOR_STAFF = {"payments": "store_callback", "support": "store_mail"}
"""Modules whose refusals are still said in English: a program reads them, or the operator alone."""
ONLY_STAFF = (": it needs ",)
WORDS = {
    "adoption of this panel", "channel", "entitlement", "key", "kind of notice", "line", "login of staff", "notice",
    "payment account", "price", "renewal", "reseller", "reseller below", "service", "session", "subscription",
    "super-reseller", "this document", "version",
}  # fmt: skip
"""What is not found: said alone, in "There is no %(what)s"."""
STAFF_SENTENCES = {
    "too often",
    "there is no \0",
    "must be \0",
    "has \0",
    "leaves",
    "document \0",
    "pip install 'billhead[\0]'",
    "pip install 'billhead[einvoice]'",
    "\0: \0",
    "must be an address with https",
    "as the provider calls its issuer",
    "has nothing after ? or #",
}


def sentences(node):
    """Every text in an expression, with \\0 for each value."""
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in one.values)
    inside = {id(part) for one in ast.walk(node) if isinstance(one, ast.JoinedStr) for part in ast.walk(one)}
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in inside:
            yield one.value


def refused(source, told=TOLD):
    """The sentences of refusals that are raised, also those that are put together just before."""
    tree = ast.parse(source)
    named = {node.targets[0].id: node.value for node in ast.walk(tree) if is_named(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (kind := getattr(node.func, "id", "")) in told:
            hints = [word.value for word in node.keywords if word.arg == "hint"]
            for part in [*node.args[told[kind]], *hints]:
                part = named.get(part.id, part) if isinstance(part, ast.Name) else part
                yield from (one for one in sentences(part) if len(one) > 3)


def checked(source):
    """What the checks of a house say, and how to mend it; also what is put together just before."""
    tree = ast.parse(source)
    named = {}
    for node in filter(is_named, ast.walk(tree)):
        named.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (kind := getattr(node.func, "id", "")) in CHECKED:
            mends = [word.value for word in node.keywords if word.arg == "mend"]
            for part in [*node.args[CHECKED[kind]], *mends]:
                for one in named.get(part.id, [part]) if isinstance(part, ast.Name) else [part]:
                    yield from sentences(one)


def not_found(tree):
    """ "There is no shop of this reseller." of NotFound("shop of", "this reseller")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NotFound":
            told = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if len(told) == 2:
                yield f"There is no {told[0]} {told[1]}."


def is_named(node):
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)


def forms(listed_ones):
    """Each sentence, and both of a pair that counts something, with \\0 for each value."""
    return [PLACE.sub("\0", form) for one in listed_ones for form in forms_of(one)]


def unlisted(source):
    known = set(forms(refusals()))
    return [
        one
        for one in refused(source)
        if one not in known and one not in STAFF_SENTENCES and not any(piece in one for piece in ONLY_STAFF)
    ]


def modules():
    """ "package/module" → its path."""
    acts = (path for package in PACKAGES for path in sorted((CORE / "actions" / package).glob("*.py")))
    rules = (CORE / "domain" / f"{name}.py" for name in DOMAIN.split())
    return {f"{path.parent.name}/{path.stem}": path for path in (*acts, *rules)}


def for_staff():
    return {f"{package}/{name}" for package, names in FOR_STAFF.items() for name in names.split()}


@pytest.mark.parametrize("name", [name for name in modules() if name not in for_staff()])
def test_what_is_refused_on_a_page_in_another_language_is_listed(name):
    assert unlisted(modules()[name].read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted((CORE / "actions" / "health").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_check_of_the_house_says_is_listed(path):
    known = {*forms(refusals()), *ONLY_VALUES}
    said = [one for one in checked(path.read_text("utf-8")) if "%" not in one and " " in one]
    assert [one for one in said if one not in known] == []


PLUGINS = sorted(found.parent for found in (ROOT / "plugins").rglob("billhead_*/__init__.py"))
AT_A_PROMPT = {"commands", "openwebif"}
"""Modules of plugins that only commands reach."""
PUT_TOGETHER = {"Stripe \0", "line \0: \0 \0", "\0 parts per million are not from 0 to below 100 %: \0"}
"""Made of other sentences, or of a file's row."""
NAMES = {"Stripe", "PayPal", "M-Pesa", "Telegram", "WhatsApp", "VIES"}


def own(package):
    return listed(package / "locale" / "refusals.txt")


@pytest.mark.parametrize("package", PLUGINS, ids=lambda package: package.name)
def test_what_a_plugin_refuses_in_a_form_or_when_it_is_checked_is_listed(package):
    known = {*forms(refusals()), *forms(own(package))}
    unknown = []
    for path in sorted(package.rglob("*.py")):
        told = TOLD | {"GatewayRejected": slice(1)} if path.stem == "checking" else TOLD
        if path.stem not in AT_A_PROMPT:
            unknown += [one for one in refused(path.read_text("utf-8"), told) if one not in known | PUT_TOGETHER]
    assert unknown == []


@pytest.mark.parametrize("package", PLUGINS, ids=lambda package: package.name)
def test_a_plugin_lists_nothing_that_it_does_not_say(package):
    """A sentence, or the piece that it is made of."""
    said = {one for path in package.rglob("*.py") for one in sentences(ast.parse(path.read_text("utf-8")))}
    pieces = [one for one in said if len(one) > 5]
    assert [one for one in forms(own(package)) if not any(piece in one for piece in pieces)] == []


@pytest.mark.parametrize("package", PLUGINS, ids=lambda package: package.name)
def test_what_a_plugin_is_called_is_marked_unless_it_is_a_name(package):
    texts = [path.read_text("utf-8") for path in package.rglob("*.py") if path.parent.name != "dialects"]
    assert {one for text in texts for one in re.findall(r'^    label = "(.+)"$', text, re.M)} <= NAMES


def test_what_only_staff_are_refused_is_still_there():
    assert for_staff() - set(modules()) == set()


def test_a_refusal_that_is_not_listed_is_found():
    source = 'raise Conflict(f"{name} is gone", hint="look elsewhere" if x else "wait")\nraise InvalidInput("a", "no")'
    assert unlisted(source) == ["\0 is gone", "look elsewhere", "wait"]


def sources():
    """The core's, and those of gateways, which say why a payment can't be made."""
    yield from CORE.rglob("*.py")
    yield from (CORE.parents[1] / "plugins" / "gateways").glob("*/billhead_*/*.py")


def test_nothing_is_listed_that_nobody_says():
    trees = [ast.parse(path.read_text("utf-8")) for path in sources()]
    said = {one for tree in trees for one in (*sentences(tree), *not_found(tree))}
    assert [one for one in forms(refusals()) if one not in said and one not in WORDS] == []


def test_a_sentence_is_read_back_with_its_values():
    assert read_refusal("Aurora is suspended already") == ("%(who)s is suspended already", {"who": "Aurora"})
    assert read_refusal("amount: must be credits above zero, got 0.00 XCR")[1] == {"amount": "0.00 XCR"}
    assert read_refusal("this line is nobody's") == ("this line is nobody's", {})


def test_a_sentence_that_counts_is_read_back_as_a_pair():
    pair = "a hold is %(count)s day or longer", "a hold is %(count)s days or longer"
    assert read_refusal("ends_on: a hold is 1 day or longer") == (pair, {"count": "1"})
    assert read_refusal("a hold is 12 days or longer.") == (pair, {"count": "12"})
    assert read_refusal("a hold is many days or longer")[1] == {}


def test_what_is_counted_is_said_in_the_form_for_its_number():
    told = {number: wording("ar").refusal(f"this invoice is older than {number} days") for number in (2, 5, 30, 100)}
    assert [told[number].split()[-2:] for number in (5, 30, 100)] == [["5", "أيام"], ["30", "يومًا"], ["100", "يوم"]]
    assert wording("de").refusal("this invoice is older than 1 day").endswith("1 Tag")
    assert wording("de").refusal("this invoice is older than 30 days").endswith("30 Tage")
    assert len(set(told.values())) == 4


def filled(form, write):
    """The form with a value in each place; the number of a pair is the least that every language writes in figures."""
    return re.sub(r"%\((\w+)\)s", lambda place: "5" if place[1] == "count" else write(place[1]), form)


def test_no_sentence_is_taken_for_another():
    for sentence in refusals():
        for form in forms_of(sentence):
            assert read_refusal(filled(form, "<{}>".format))[0] == sentence


def test_days_amounts_and_states_in_it_are_written_as_the_language_does():
    german = wording("de")
    assert "12.03.2026" in german.refusal("this subscription is canceled to 2026-03-12")
    told = german.refusal("Nord has 1.50 XCR, and may owe up to 100.00 XCR; 1200.00 XCR are needed")
    assert told == "Nord hat 1,50 und darf bis zu 100,00 schulden; nötig sind 1.200,00"
    plain = wording("en").refusal("Nord has 1.50 XCR; 1200.00 XCR are needed")
    assert plain == "Nord has 1.50 credits; 1200.00 credits are needed"
    assert "„gesperrt“" in german.refusal("this subscription is suspended, not disabled")
    assert german.refusal("SPRING is for 1 month or 3 months only") == "SPRING gilt nur für 1 Monat, 3 Monate"
    assert german.refusal("INV-7 is paid: there is nothing to pay on it").startswith("INV-7 hat den Stand „bezahlt“")
    assert german.refusal("3 is not a MAC address") == "3 ist keine MAC-Adresse"
    assert german.refusal("northcable lacks: street, sender of mails") == "northcable fehlt: Straße, Absender der Mails"
    assert "12.03.2026" in german.refusal("proven on 2026-03-12, 40 entries")
    register = "tax id service of eu_vat did not answer: ConnectError"
    assert german.refusal(register) == "Keine Antwort von: Dienst für Steuernummern von eu_vat (ConnectError)"
    assert wording("en").refusal("3 is not a MAC address") == "3 is not a MAC address"


@pytest.mark.parametrize("language", ["de", "es", "fr", "ar", "tr"])
def test_each_sentence_is_told_with_its_values(language):
    told = wording(language)
    for sentence in refusals():
        for form in forms_of(sentence):
            values = [filled(place, "<{}>".format) for place in PLACE.findall(form)]
            said = told.refusal(filled(form, "<{}>".format))
            assert [one for one in values if one not in said] == []
