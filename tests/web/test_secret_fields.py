"""What a payer types as a secret is not shown again; what they type else is, so that it can be corrected."""

from flask import Flask

from billhead.plugin import CheckoutField
from billhead.web.storefront.payment_options import _asks


def test_a_secret_is_not_shown_again():
    fields = [CheckoutField("pin", "PIN", str, secret=True), CheckoutField("phone", "Phone", str, prefill="phone")]
    known = {"phone": "0712"}
    with Flask("shop").test_request_context("/", method="POST", data={"field-7-pin": "4711", "field-7-phone": "0713"}):
        assert [one.value for one in _asks(7, fields, known)] == ["", "0713"]
    with Flask("shop").test_request_context("/"):
        assert [one.value for one in _asks(7, fields, known)] == ["", "0712"]
