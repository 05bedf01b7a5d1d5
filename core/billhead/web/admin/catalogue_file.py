"""Take in a catalogue file on a page, as `billhead import catalog` does: first what would come of it."""

from pathlib import Path

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from billhead.actions.importing.catalog_file import read_catalog
from billhead.actions.importing.import_catalog import ImportedCatalog, import_catalog
from billhead.actions.rehearse import rehearse
from billhead.db import writing
from billhead.domain.errors import InvalidInput
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []

_LARGEST = 4 * 1024 * 1024


class CatalogueForm(Form):
    file = FileField(
        later("Catalogue file"),
        validators=[FileRequired(later("Choose a file."))],
        description=later("TOML, up to 4 MB. The same file twice is no harm."),
    )
    dry_run = BooleanField(later("Only show what would come of it"), default=True)


@admin.route("/catalogue/file", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def take_in_catalogue() -> ResponseReturnValue:
    form, shown, wrong = CatalogueForm(), None, list[str]()
    if form.validate_on_submit():
        with form.refusals():
            name, data = _sent()
            try:
                read = read_catalog(Path(name), sent=data)
            except InvalidInput as error:
                wrong = error.why.splitlines()  # each with its place: in the words of the file
            else:
                if not form.dry_run.data:
                    with writing(submit_ctx()) as tx:
                        done = import_catalog(tx, read)
                    flash(_told(done), "good")
                    return redirect(url_for("admin.catalogue"), 303)
                shown = rehearse(submit_ctx(), lambda tx: import_catalog(tx, read))
    status = 422 if form.is_submitted() and shown is None else 200
    return page("admin/catalogue_file.html", form=form, shown=shown, wrong=wrong), status


def _sent() -> tuple[str, bytes]:
    sent = request.files["file"]
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1024**2} MB", hint="use billhead import catalog")
    return sent.filename or "", data


def _told(done: ImportedCatalog) -> str:
    return say(
        "Plans: %(plans)s, new prices: %(prices)s, panels: %(panels)s.",
        plans=done.plans, prices=done.prices, panels=done.panels,
    )  # fmt: skip
