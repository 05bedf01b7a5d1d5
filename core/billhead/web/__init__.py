"""The web: storefront, customer area, admin and callbacks, each a folder with a blueprint, over one foundation.

To add a page:

1. Write a view in the area's folder and state who may call it, below the route. A view that does not say it keeps the
   application from starting:

       @admin.get("/customers")
       @allow("staff", permission="customers.read")
       def customers() -> ResponseValue:
           with reading() as session:
               rows = page_of(session, select(Customer), Customer.id)
           return page("admin/customers.html", rows=rows)

2. Read with `reading()`, write with `with writing(current_ctx()) as tx: some_action(tx, …)`. `current_ctx()` says who
   acts (scope, permissions, request id); `submit_ctx()` also carries the form's idempotency key, so that a double click
   answers with the first result. `signed_in()` is the login itself, `current_seller()` the shop.
3. Raise `billhead.domain.errors` and let them go: `errors.py` alone decides statuses and shows a friendly page. A form
   shows InvalidInput at its field:

       form = ProfileForm()
       if form.validate_on_submit():
           with form.refusals():
               …                         # InvalidInput("zone", why) is shown at the field `zone`
               return redirect(…)        # 303, always after a POST
       return page("…", form=form), (422 if form.is_submitted() else 200)

4. The template extends `layout.html` (area `admin*` gets the staff theme, everything else the seller's; a theme may
   override any template) and fills `title`, `nav` and `main`. `_parts.html` has the macros: `fields(form)`,
   `csrf()` for a bare POST form, `idempotency_key()`, `badge(word)`, `empty(title, text)`, `pager(rows)` and
   `copyable(label, value)`. Everywhere: `money(minor, currency)`, `day(date)`, `moment(instant, zone)`, `percent(ppm)`,
   `asset("js/copy.js")`, `can("permission")`, `chart(it)` for a `billhead.charts.Chart`.
5. No inline script, style attribute or handler: the CSP refuses them. Behaviour is an ES module in `static/js/` that
   finds its elements by a data attribute; the page works without it.
6. Tables have a caption; lists are paged with `paging.page_of`; `csv_export.csv_response` makes the CSV of one.

A new area adds its blueprint to `mounting.AREAS`. `tests/web/test_access_matrix.py` walks every route with every role.
"""

from billhead.web.mounting import mount_web

__all__ = ["mount_web"]
