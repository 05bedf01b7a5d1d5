"""What the docs show works: Python runs, TOML and JSON parse, commands and make targets exist, links lead to a heading.

And they leave nothing out: no command, setting, periodic job, table of the catalogue, or address of the APIs.
"""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from source_tree import CORE, ROOT, files, shown, written

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_SHELL = {"sh", "bash", "shell", "console"}
PAGES = list(files("*.md", "docs/**/*.md", "plugins/**/*.md", "themes/**/*.md", "examples/**/*.md"))


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(page: Path) -> list[Snippet]:
    return [Snippet(language, text) for language, text in _FENCE.findall(page.read_text("utf-8"))]


def python_fault(page: Path, folder: Path) -> str:
    """Run the page's Python blocks as one program in an empty folder; the error's last lines, or nothing."""
    program = "\n".join(snippet.text for snippet in snippets(page) if snippet.language == "python")
    if not program:
        return ""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return run.stderr[-800:] if run.returncode else ""


def data_faults(page: Path) -> list[str]:
    readers = {"toml": tomllib.loads, "json": json.loads}
    faults = []
    for snippet in snippets(page):
        try:
            readers.get(snippet.language, str)(snippet.text)
        except ValueError as wrong:
            faults.append(f"{page.name}: {snippet.language} block: {wrong}")
    return faults


def commands(page: Path) -> list[list[str]]:
    """Each command line of the page's shell blocks, as words, without prompt and variables before it."""
    found = []
    for snippet in snippets(page):
        if snippet.language in _SHELL:
            for line in snippet.text.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|\|\||[|;]", line.removeprefix("$ ")):
                    words = shlex.split(part, comments=True)
                    while words and re.match(r"[A-Z_]+=", words[0]):
                        words.pop(0)
                    found += [words] if words else []
    return found


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def command_fault(words: list[str], program: click.Command | None) -> str:
    """Why a shown command would not be understood, or nothing. Only make and billhead are ours to know."""
    name = Path(words[0]).name
    if name == "make":
        unknown = [word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word) and word not in make_targets()]
        return f"make has no target {unknown[0]}" if unknown else ""
    if name != "billhead" or program is None:
        return ""
    here, path = program, "billhead"
    for word in words[1:]:
        if word.startswith("-"):
            option = word.split("=")[0]
            known = {text for parameter in here.params for text in (*parameter.opts, *parameter.secondary_opts)} | {
                "--help",
                "--version",
            }
            if option not in known:
                return f"{path} has no option {option}"
        elif isinstance(here, click.Group):
            step = here.get_command(click.Context(here), word)
            if step is None:
                return f"{path} has no command {word}"
            here, path = step, f"{path} {word}"
    return ""


def broken_links(page: Path) -> list[str]:
    prose = _FENCE.sub("", page.read_text("utf-8"))
    inner = [link for link in _LINK.findall(prose) if "://" not in link and not link.startswith("mailto:")]
    return [f"{page.name}: the link {link} leads nowhere" for link in inner if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or target.suffix != ".md" or anchor in headings(target))


def headings(page: Path) -> set[str]:
    """As a link names them: small letters, blanks as dashes, and no other signs."""
    prose = _FENCE.sub("", page.read_text("utf-8"))
    return {re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in re.findall(r"^#+ (.+)$", prose, re.M)}


def billhead_program() -> click.Command | None:
    if not (CORE / "cli" / "__init__.py").exists():
        return None
    from billhead.cli import main

    return main


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_python_in_the_docs_runs(page: Path, tmp_path: Path):
    assert python_fault(page, tmp_path) == ""


def test_toml_and_json_in_the_docs_parse():
    assert [fault for page in PAGES for fault in data_faults(page)] == []


def test_commands_in_the_docs_exist():
    program = billhead_program()
    faults = [(shown(page), command_fault(words, program)) for page in PAGES for words in commands(page)]
    assert [fault for fault in faults if fault[1]] == []


def missing_examples(program: click.Command, shown_lines: list[list[str]]) -> list[str]:
    """Commands that no page shows. Those of plugins stand with the plugins."""
    lines = [" ".join(["billhead", *words[1:]]) for words in shown_lines if Path(words[0]).name == "billhead"]
    return [
        name
        for name in _commands_of(program, "billhead")
        if not any(f"{line} ".startswith(f"{name} ") for line in lines)
    ]


def _commands_of(command: click.Command, path: str) -> list[str]:
    if not isinstance(command, click.Group):
        return [path]
    names = [name for name in command.list_commands(click.Context(command)) if f"{path} {name}" != "billhead x"]
    steps = [(name, command.get_command(click.Context(command), name)) for name in names]
    return [found for name, step in steps if step for found in _commands_of(step, f"{path} {name}")]


def test_every_command_is_shown_by_an_example():
    program = billhead_program()
    assert program is not None
    assert missing_examples(program, [words for page in PAGES for words in commands(page)]) == []


def test_every_setting_and_every_periodic_job_stands_in_operate():
    from billhead import config
    from billhead.jobs.schedule import PERIODIC

    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    wanted = {f"`{name}`" for name in (*config._STORED, *(periodic.kind for periodic in PERIODIC))}
    assert {name for name in wanted if name not in page} == set()


def test_every_table_of_the_catalogue_stands_in_import():
    reader = "\n".join(path.read_text("utf-8") for path in files("*.py", root=CORE / "actions" / "importing"))
    tables = set(re.findall(r'root\.coded\("(\w+)"', reader))
    page = (ROOT / "docs" / "import.md").read_text("utf-8")
    assert len(tables) > 5
    assert {name for name in tables if f"[{name}.CODE]" not in page} == set()


def test_what_the_docs_say_of_the_staffs_menu_is_there():
    from billhead.web.admin.area import MENU

    menu = {heading: {label for _, label in entries} for heading, entries in MENU if heading}
    told = re.compile(rf"\\*({'|'.join(menu)}) → ([^*→]+)")
    found = [(shown(page), *way) for page in PAGES for way in told.findall(" ".join(page.read_text("utf-8").split()))]
    assert len(found) > 10
    assert [(page, head, entry) for page, head, entry in found if entry.strip(" .") not in menu[head]] == []


def test_every_address_of_the_apis_stands_in_their_page():
    from billhead.web.api_staff.description import DESCRIPTION as OF_STAFF
    from billhead.web.api_v1.description import DESCRIPTION as OF_RESELLERS

    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    for description in (OF_STAFF, OF_RESELLERS):
        for address, methods in description["paths"].items():
            told = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), address)
            assert [method for method in methods if f"`{method.upper()} {told}`" not in page] == [], address


def test_links_in_the_docs_lead_somewhere():
    assert [fault for page in PAGES for fault in broken_links(page)] == []


def test_a_page_that_lies_is_found(tmp_path):
    page = written(
        tmp_path,
        "lies.md",
        "# Lies, all of it\n\nSee [this](gone.md), [that](#gone) and [the other](lies.md#lies-all-of-it).\n\n"
        "```python\nassert 1 + 1 == 3\n```\n\n```toml\na = \n```\n\n"
        "```sh\nCI=true make polish && billhead fly --high\nbillhead go --low  # words\n```\n",
    )
    program = click.Group("billhead", commands={"go": click.Command("go", params=[click.Option(["--high"])])})
    assert "AssertionError" in python_fault(page, tmp_path)
    assert [fault.split(":")[1].strip() for fault in data_faults(page)] == ["toml block"]
    assert [command_fault(words, program) for words in commands(page)] == [
        "make has no target polish",
        "billhead has no command fly",
        "billhead go has no option --low",
    ]
    assert broken_links(page) == ["lies.md: the link gone.md leads nowhere", "lies.md: the link #gone leads nowhere"]
    program.add_command(click.Command("stay"))
    assert missing_examples(program, commands(page)) == ["billhead stay"]
