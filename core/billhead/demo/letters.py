"""What people of the demo write to each other, and what NorthCable tells everybody."""

from typing import NamedTuple

__all__ = ["ARTICLES", "DISPUTE", "DISPUTE_DAY", "NEWS", "READY_ANSWERS", "STATUS", "TICKETS", "Talk"]


class Talk(NamedTuple):
    """A ticket, opened so many days before the last by the `who`-th subscriber, answered on the day after it where
    there is an `answer`."""

    opened: int
    who: int
    subject: str
    asks: str
    priority: str = "normal"
    note: str = ""
    answer: str = ""
    afterwards: str = "answered"
    reply: str = ""


TICKETS = (
    Talk(
        16, 0, "Catch-up does not start",
        "Since yesterday evening catch-up only shows a black picture. Live channels are fine.",
        note="The portal was updated on that evening; a restart of the box has helped others.",
        answer="We have updated the portal that evening. Please take the box off the mains for ten seconds: it loads "
        "the new player when it starts. Does it work then?",
        afterwards="waiting", reply="Yes, now it works. Thank you!",
    ),
    Talk(
        11, 4, "A second box for the bedroom",
        "Can I use my subscription on a second box, and what does that cost?",
        answer="You can: choose “One more screen” under Subscriptions, Change. You pay for what is left of your term, "
        "and see the amount before you confirm it.",
    ),
    Talk(
        8, 9, "Invoice with our company's name",
        "Please put our company and VAT number on the invoices.",
        answer="Please enter both under Account, Details. They stand on every invoice from then on.",
        afterwards="closed",
    ),
    Talk(
        5, 13, "Which address for my transfer?",
        "My bank asks for the address of the recipient. What do I write?",
        answer="Which country is your bank in? We send you the form that it needs.", afterwards="waiting",
    ),
    Talk(
        2, 21, "Sport channels stutter in the evening",
        "Since the weekend all sport channels stutter between eight and ten. The others are fine.", "high",
    ),
    Talk(0, 0, "Can I pay twelve months at once?", "I would like to pay a year in advance. Is it cheaper?"),
)  # fmt: skip

DISPUTE_DAY = 3
DISPUTE = "For a whole week of this month I could not watch at all, and I had written to you about it."

READY_ANSWERS = (
    ("Restart the box", "Please take the box off the mains for ten seconds. It loads all settings when it starts."),
    ("Where is my invoice?", "You find all invoices in your account, under Invoices, as pages and as PDF."),
)
"""(name, what it says)"""

ARTICLES = (
    (
        "Set up a MAG box",
        "First steps",
        """\
1. Connect the box to your network, by cable if you can.
2. Open *Settings, Servers, Portals* and enter the portal's address from your account.
3. Restart the box. Your channels are there after a minute.

The MAC address is on the label at the bottom of the box. It must be the one in your account.""",
    ),
    (
        "Watch on a phone or in an app",
        "First steps",
        """\
Your account shows the address, your login and the password under *Subscriptions*. Enter them in the app as they stand
there. One login can be used on as many screens at once as your plan has.""",
    ),
    (
        "Pay by bank transfer",
        "Payment",
        """\
Write the reference of the invoice into the transfer, and nothing else. Your time is extended when the money has
arrived, mostly on the next working day.""",
    ),
    (
        "Renew by itself, or not",
        "Payment",
        """\
With a saved card your subscription is renewed on the day on which it ends. You can switch that off at any time, under
*Subscriptions, Automatic renewal*: what is paid runs to its end.""",
    ),
    (
        "The picture stutters",
        "When something does not work",
        """\
Try a cable instead of wireless, and restart box and router. If all channels stutter, look at *Network status* first: we
may be working on it.""",
    ),
)
"""(title, category, body)"""

NEWS = (
    (
        "Nordic Final, live",
        "The Nordic Final is live on our network. You can book it on its own, without a sport package.",
        ("Nordic Final, live", "Das Nordic Final läuft live bei uns. Es ist einzeln buchbar, ohne Sportpaket."),
        True,
    ),
    (
        "Two more news channels",
        "From today on, News and entertainment has two more channels. Nobody pays more for them.",
        ("Zwei Nachrichtensender mehr", "Ab heute hat News and entertainment zwei Sender mehr, ohne Aufpreis."),
        False,
    ),
)
"""(title, body, both in German, pinned)"""

STATUS = (
    ("Boxes", "", ""),
    (
        "Apps and players",
        "maintenance",
        "Tonight from 2 to 3 we update this part of the network. It may stop for some minutes.",
    ),
)
"""(public name, what is said, in which words), of each panel in their order"""
