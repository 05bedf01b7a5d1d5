"""A shop on the operator's Xtream panel that sells a line with a box, boxes alone, add-ons, and boxes out of its stock.

A month of each plan and add-on costs 10.00, a box that is bought 50.00; people pay by transfer, without tax.
"""

from sqlalchemy import select

from billhead.actions.devices.import_devices import import_devices
from billhead.actions.devices.save_model import ModelEntry, save_model
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.catalogue import Plan, PlanBouquet, Price, PriceBook
from billhead.models.devices import Device
from billhead.models.documents import Document
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Service
from two_panels import BOX

SYSTEM = Context.system("test")
STREAM, MAG = {"kind": "stream", "panel": "", "panel_plan": ""}, {"kind": "mag", "panel": "", "panel_plan": ""}


class BoxShop:
    """Sells `home` (line and box, Kids), `box` (a box alone), and for both Sport and screens; a month is 10.00 each."""

    def __init__(self, operator):
        self.operator, self.transfers = operator, 0
        self.models: list[str] = []
        with writing(SYSTEM) as tx:
            session = tx.session
            panel = session.get_one(Panel, operator.panels["xtream"]).code
            book = PriceBook(seller_id=operator.seller_id, code="eur", currency="EUR")
            bank = GatewayAccount(
                seller_id=operator.seller_id, code="bank", name="Bank", gateway="bank_transfer", callback_token="x"
            )
            session.add_all([book, bank])
            session.flush()
            lines = {"home": [STREAM, MAG], "box": [MAG]}
            for code, kind, bouquet, details in (
                ("home", "paired", "kids", {"services": [{**one, "panel": panel} for one in lines["home"]]}),
                ("box", "mag", "kids", {"services": [{**one, "panel": panel} for one in lines["box"]]}),
                ("sport", "bouquet", "sport", {"plans": ["home", "box"]}),
                ("screen", "connection", "", {"plans": ["home", "box"], "max_units": 3}),
                ("buy-box", "device", "", {"plans": ["home", "box"], "max_units": 2}),
                ("rent-box", "device", "", {"plans": ["home", "box"], "rented": True, "max_units": 2}),
            ):
                plan = Plan(seller_id=operator.seller_id, code=code, name=code.title(), kind=kind, details=details)
                session.add(plan)
                session.flush()
                once = code == "buy-box"
                term, minor = ("", 5000) if once else ("1 month", 1000)
                session.add(Price(book_id=book.id, plan_id=plan.id, term=term, amount_minor=minor))
                if bouquet:
                    session.add(PlanBouquet(plan_id=plan.id, bouquet_id=operator.bouquets[bouquet]))
            self.bank = bank.id

    def do(self, verb, *args, **more):
        with writing(SYSTEM) as tx:
            return verb(tx, *args, **more)

    def order(self, plan="home", *addons, mac=BOX):
        wish = Order(self.operator.customer_id, plan, "1 month", tuple(AddOnOrder(*one) for one in addons), mac)
        return self.do(start_subscription, wish)

    def pay(self, document_id):
        with reading() as session:
            total = session.get_one(Document, document_id).total_minor
        self.transfers += 1
        self.do(book_transfer, document_id, self.bank, total, "EUR", f"T-{self.transfers}")
        self.operator.work()
        return total

    def bought(self, *order, **more):
        started = self.order(*order, **more)
        self.pay(started.document_id)
        return started.subscription_id

    def change(self, subscription_id, *addons):
        """Wished by the customer themselves."""
        with writing(self.customer_ctx()) as tx:
            return change(tx, ChangeWish(subscription_id, addons=tuple(AddOnOrder(*one) for one in addons)))

    def services(self, subscription_id):
        with reading() as session:
            mine = select(Service).where(Service.subscription_id == subscription_id).order_by(Service.id)
            return list(session.scalars(mine))

    def held(self):
        """What the panel has stored: the line, then the box."""
        line, box = sorted(self.operator.on("xtream"), key=lambda one: one.mac is not None)
        return line, box

    # -- boxes

    def customer_ctx(self, customer_id=None):
        customer = customer_id or self.operator.customer_id
        return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))

    def stock(self, *macs, model="bought", plan="buy-box", warranty=24):
        """Boxes S1, S2 … of a model; returns their ids."""
        seller = self.operator.seller_id
        with reading() as session:
            there = len(session.scalars(select(Device.id)).all())
        if there == 0 or model not in self.models:
            self.do(save_model, seller, ModelEntry(model, model.title(), "mag", plan, warranty))
            self.models.append(model)
        rows = [
            {"model": model, "serial": f"S{there + n}", "mac": mac, "cost": "31.50"} for n, mac in enumerate(macs, 1)
        ]
        done = self.do(import_devices, seller, rows)
        assert done.refused == [], done.refused
        with reading() as session:
            made = select(Device.id).where(Device.serial.in_([row["serial"] for row in rows])).order_by(Device.id)
            return list(session.scalars(made))

    def device(self, device_id):
        with reading() as session:
            return session.get_one(Device, device_id)

    def rows(self, model, *where):
        with reading() as session:
            return list(session.scalars(select(model).where(*where).order_by(model.id)))
