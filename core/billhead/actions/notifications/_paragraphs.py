"""What a text may be marked up with, as plain text and as HTML.

Paragraphs are parted by empty lines. A line that begins with "- " is a point of a list; **words** are strong;
[words](address) is a link, and on a line of its own a button. Facts come as marks, so that nothing in them is markup.

An address that we fill in may carry what opens an account: it is all of a link or stands for itself, and is never the
end of an address that somebody else wrote.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from billhead.actions.notifications._voice import Shown

__all__ = [
    "LINK", "MARK", "addresses_apart", "as_html", "as_text", "is_behind", "leads_somewhere", "mark_of", "subject_of",
    "without_nowhere",
]  # fmt: skip

LINK = re.compile(r"\[(?P<words>[^\]\n]+)\]\((?P<address>[^)\s]*)\)")
_PIECE = re.compile(rf"\*\*(?P<strong>[^*\n]+)\*\*|{LINK.pattern}")
MARK = re.compile("\ue000([0-9]+)\ue001")
_OPENING = re.compile(r"""[(\[<*"'“„«\u200e\u200f]*""")  # what may stand right before an address, and is no part of one

_PARAGRAPH = Markup("<p>{}</p>")
_OTHERS_WORDS = Markup('<p dir="auto">{}</p>')  # such as an answer, which may be in another language

Button = Callable[[str, str], Markup]


def mark_of(number: int) -> str:
    return f"\ue000{number}\ue001"


def leads_somewhere(address: str, ours: Collection[int]) -> bool:
    """Whether a link may have it: one of the facts that are addresses, or one that is written out. Nothing is mixed."""
    mark = MARK.fullmatch(address)
    if mark is not None:
        return int(mark[1]) in ours
    return MARK.search(address) is None and _is_address(address)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in ("http", "https") else parts.scheme == "mailto" and "@" in parts.path


def is_behind(text: str, ours: Collection[int]) -> list[re.Match[str]]:
    """Marks of addresses that stand right behind something else, so that the two could be read as one."""
    linked = {piece.start("address") for piece in _PIECE.finditer(text) if MARK.fullmatch(piece["address"] or "")}
    marks = (mark for mark in MARK.finditer(text) if int(mark[1]) in ours and mark.start() not in linked)
    return [mark for mark in marks if not _OPENING.fullmatch(re.split(r"[ \t\n]", text[: mark.start()])[-1])]


def without_nowhere(filled: str, facts: Sequence[Shown]) -> str:
    """A link whose address this reader has not, as of an account, is its words alone; as a button it goes."""

    def link(found: re.Match[str]) -> str:
        mark = MARK.fullmatch(found["address"])
        if mark is None or not facts[int(mark[1])].leads or facts[int(mark[1])].bare:
            return found[0]
        begin = found.string.rfind("\n", 0, found.start()) + 1
        end = found.string.find("\n", found.end())
        alone = found.string[begin : end if end >= 0 else None].strip() == found[0]
        return "" if alone else found["words"]

    return LINK.sub(link, filled)


def addresses_apart(filled: str, facts: Sequence[Shown]) -> str:
    for mark in reversed(is_behind(filled, _ours(facts))):
        filled = f"{filled[: mark.start()]} {filled[mark.start() :]}"
    return filled


def _ours(facts: Sequence[Shown]) -> set[int]:
    return {number for number, fact in enumerate(facts) if fact.leads}


def subject_of(filled: str, facts: Sequence[Shown]) -> str:
    return " ".join(MARK.sub(lambda mark: facts[int(mark[1])].bare, filled).split())


def as_text(filled: str, facts: Sequence[Shown]) -> str:
    def shown(text: str) -> str:
        return MARK.sub(lambda mark: facts[int(mark[1])].text, text)

    def piece(found: re.Match[str]) -> str:
        if found["strong"] is not None:
            return found["strong"]
        if not _leads(found, facts):
            return found[0]
        return f"{found['words']}: {found['address']}" if alone(found) else f"{found['words']} ({found['address']})"

    def alone(found: re.Match[str]) -> bool:
        before, after = found.string[: found.start()], found.string[found.end() :]
        return not before.rpartition("\n")[2].strip() and not after.partition("\n")[0].strip()

    paragraphs = (shown(_PIECE.sub(piece, one)).strip() for one in _paragraphs(filled))
    return "\n\n".join(one for one in paragraphs if one)


def as_html(filled: str, facts: Sequence[Shown], button: Button) -> Markup:
    return Markup("\n").join(part for one in _paragraphs(filled) if (part := _paragraph(one, facts, button)))


def _paragraphs(filled: str) -> Iterator[str]:
    for one in re.split(r"\n[ \t]*(?:\n[ \t]*)+", filled.strip()):
        if one.strip():
            yield one.strip()


def _paragraph(source: str, facts: Sequence[Shown], button: Button) -> Markup:
    mark = MARK.fullmatch(source)
    if mark is not None and facts[int(mark[1])].block:
        return facts[int(mark[1])].html
    lines = source.split("\n")
    links = [link for line in lines if (link := LINK.fullmatch(line.strip())) and _leads(link, facts)]
    if len(links) == len(lines):
        return Markup().join(button(_bare(link["address"], facts), _bare(link["words"], facts)) for link in links)
    if all(line.startswith("- ") for line in lines):
        points = Markup().join(Markup("<li>{}</li>").format(_inline(line[2:], facts)) for line in lines)
        return Markup("<ul>{}</ul>").format(points)
    inner = Markup("<br>").join(_inline(line, facts) for line in lines)
    if not inner.striptags().strip():
        return Markup()
    return (_OTHERS_WORDS if mark is not None else _PARAGRAPH).format(inner)


def _inline(line: str, facts: Sequence[Shown]) -> Markup:
    html, end = Markup(), 0
    for piece in _PIECE.finditer(line):
        html += _facts(line[end : piece.start()], facts)
        if piece["strong"] is not None:
            html += Markup("<strong>{}</strong>").format(_facts(piece["strong"], facts))
        elif _leads(piece, facts):
            words = _facts(piece["words"], facts)
            html += Markup('<a href="{}">{}</a>').format(_bare(piece["address"], facts), words)
        else:
            html += _facts(piece[0], facts)
        end = piece.end()
    return html + _facts(line[end:], facts)


def _facts(text: str, facts: Sequence[Shown]) -> Markup:
    html, end = Markup(), 0
    for mark in MARK.finditer(text):
        html += escape(text[end : mark.start()]) + facts[int(mark[1])].html
        end = mark.end()
    return html + escape(text[end:])


def _leads(link: re.Match[str], facts: Sequence[Shown]) -> bool:
    return leads_somewhere(link["address"], _ours(facts))


def _bare(text: str, facts: Sequence[Shown]) -> str:
    return MARK.sub(lambda mark: facts[int(mark[1])].bare, text)
