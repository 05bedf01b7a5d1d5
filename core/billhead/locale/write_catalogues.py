"""Bring `pages.po` and `notices.po` of each language in step with what is said there: `make words`. Folders of plugins'
packages as arguments: the `pages.po` of their own.

What is new comes in empty, what nobody says any more goes. The order is that of the English text, so that two people
who add words rarely meet.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from billhead.actions.credits._top_up import WHY_STOPPED
from billhead.actions.notifications._standard import paragraphs
from billhead.refusals import listed, refusals

_HERE = Path(__file__).resolve().parent
_WEB = _HERE.parent / "web"
_REPORTS = _HERE.parent / "reports"
_ACTIONS = _HERE.parent / "actions"
_HOST = _HERE.parent / "plugin_host"
_NOTICES = _ACTIONS / "notifications"
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "say": None,
    "later": None,
    "marked": None,
    "said": None,
    "in_staff_menu": None,
    "ngettext": (1, 2),
    "say_count": (1, 2),
    "count": (1, 2),
}
_NOISE = ('"POT-', '"PO-Rev', '"Generated', '"Project', '"Report', '"Last-T', '"Language-Team')  # in each diff
_ALSO = _HERE / "also_said.txt"  # one a line: words that reach a page as data, such as states and terms


def said() -> set[str | tuple[str, str]]:
    """Every text that the shop, the areas, the reports and the rules say; a pair for what has a plural."""
    spoken = _marked_in([*sorted(_WEB.rglob("*")), *sorted(_REPORTS.glob("*.py"))])
    acting = [path for path in sorted(_ACTIONS.rglob("*.py")) if _NOTICES not in path.parents]
    acted = _marked_in([*acting, *sorted(_HOST.glob("*.py"))], {"marked": None})
    return {*_ALSO.read_text("utf-8").splitlines(), *refusals(), *spoken, *acted, *asked_for(acting)}


def said_in_notices() -> set[str | tuple[str, str]]:
    """Every text of the notices, paragraph by paragraph, and what stands around them."""
    return {*paragraphs(), *_marked_in(sorted(_NOTICES.rglob("*"))), *WHY_STOPPED.values()}


DOMAINS = {"pages": said, "notices": said_in_notices}


def said_by(package: Path) -> set[str | tuple[str, str]]:
    """Every text that a plugin's package says on pages of its own, asks for in its settings, and refuses."""
    paths = sorted(package.rglob("*"))
    asked = asked_for(path for path in paths if path.suffix == ".py")
    return {*_marked_in(paths), *asked, *listed(package / "locale" / "refusals.txt")}


def asked_for(paths: Iterable[Path]) -> Iterator[str]:
    """The labels and hints of settings: those of `option()` and `secret()`."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("option", "secret"):
                told = [*node.args[:1], *(one.value for one in node.keywords if one.arg == "hint")]
                texts = (one.value for one in told if isinstance(one, ast.Constant))
                yield from (text for text in texts if isinstance(text, str) and text)


def _marked_in(paths: Iterable[Path], keywords: Mapping[str, Any] = _KEYWORDS) -> Iterator[str | tuple[str, str]]:
    options = {"silent": "false", "encoding": "utf-8", "newstyle_gettext": "true", "trimmed": "true"}
    for path in paths:
        if path.suffix not in (".html", ".py") and path.parent.name != "frame":
            continue
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        with path.open("rb") as source:
            for _line, text, _comments, _context in extract(method, source, keywords, options=options):
                if text and all(text):
                    yield text if isinstance(text, str) else (text[0], text[1])


def catalogue(language: str, domain: str = "pages", folder: Path = _HERE) -> Catalog:
    path = _path(language, domain, folder)
    if not path.is_file():
        return Catalog(locale=language, domain=domain, fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=language, domain=domain)


def in_step(texts: Iterable[str | tuple[str, str]], language: str, domain: str, *known: Catalog) -> Catalog:
    """The texts, with what the first of the known catalogues that has it says."""
    header = f"# {domain.capitalize()}, {language}."
    new = Catalog(locale=language, domain=domain, fuzzy=False, header_comment=header)
    for text in texts:
        found = (old.get(text if isinstance(text, str) else text[0]) for old in known)
        new.add(text, next((one.string for one in found if one and one.id == text and _done(one.string)), None))
    return new


def main(arguments: list[str]) -> None:
    packages = [Path(one) for one in arguments if Path(one).is_dir()]
    languages = [one for one in arguments if not Path(one).is_dir()]
    for package in packages:
        for language in languages or _languages("pages"):
            folder = package / "locale"
            known = catalogue(language, "pages", folder), catalogue(language, "pages")
            _write(in_step(said_by(package), language, "pages", *known), folder)
    for domain, texts in DOMAINS.items() if not packages else ():
        for language in languages or _languages(domain):
            _write(in_step(texts(), language, domain, catalogue(language, domain)), _HERE)


def _languages(domain: str) -> list[str]:
    return sorted(found.parents[1].name for found in _HERE.glob(f"*/LC_MESSAGES/{domain}.po"))


def _write(catalogue: Catalog, folder: Path) -> None:
    language, domain, buffer = str(catalogue.locale), str(catalogue.domain), BytesIO()
    write_po(buffer, catalogue, width=0, sort_output=True, omit_header=False)
    kept = [line for line in buffer.getvalue().decode().splitlines() if not line.startswith(_NOISE)]
    path = _path(language, domain, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(kept).strip() + "\n", "utf-8")
    empty = sum(not _done(one.string) for one in catalogue if one.id)
    sys.stdout.write(f"{language}, {domain} of {folder.parent.name}: {empty} to translate\n")


def _path(language: str, domain: str, folder: Path) -> Path:
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def _done(text: str | Sequence[str] | None) -> bool:
    return bool(text) and all(text or ())


if __name__ == "__main__":
    main(sys.argv[1:])
