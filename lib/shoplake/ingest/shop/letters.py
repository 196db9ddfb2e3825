"""Free text people write: reviews and letters to customer service, some with personal data."""

from __future__ import annotations

import numpy as np

from shoplake.ingest.shop.people import Person
from shoplake.ingest.shop.private import Letter, aside, fill

_REVIEWS = {
    1: ("Very disappointed", "The {item} arrived damaged and looks nothing like the picture."),
    2: ("Not for me", "The {item} feels cheap, I expected better from {brand}."),
    3: ("It is fine", "The {item} does its job. Smaller than I thought."),
    4: ("Really nice", "A lovely {item}, the colour suits our home well."),
    5: ("Perfect", "I adore this {item}! Exactly my taste and well made, thank you {brand}."),
}
_OPINIONS = (
    "Delivery was quick.",
    "Would buy again.",
    "It was a gift for my sister.",
    "Well packed.",
    "",
)
_CONTACTS = (
    "You can reach me at {email}.",
    "Please call me on {phone}.",
    "My address is {address}.",
    "Regards, {name}",
)
_MESSAGES: dict[str, tuple[str, ...]] = {
    "track_order": ("Where is my order {order}?", "Has my {item} been dispatched? Order {order}."),
    "cancel_order": ("Please cancel order {order}, I picked the wrong {item}.",),
    "return_item": ("I would like to send back the {item} from order {order}.",),
    "refund": ("When do I get my money back for order {order}?",),
    "damaged_item": ("The {item} arrived broken. What can you do about order {order}?",),
    "change_address": ("I moved, please deliver order {order} to {address}.",),
    "product_question": ("Is the {item} dishwasher safe?", "When is the {item} in stock again?"),
    "payment_problem": ("I was charged twice for order {order}.",),
    "compliment": ("Thank you for the beautiful {item}!",),
}
INTENTS = tuple(_MESSAGES)


def write_review(
    rng: np.random.Generator, person: Person, item: str, brand: str, utility: float,
    extra: np.random.Generator,
) -> tuple[int, str, Letter]:  # fmt: skip
    """(stars 1..5, headline, body); people like what fits their taste; 6% leave contact data.

    A quarter say more than that, or what only looks like it, drawn from the stream `extra`.
    """
    stars = int(np.clip(round(3.4 + 0.4 * utility + rng.normal(0.0, 0.8)), 1, 5))
    headline, body = _REVIEWS[stars]
    letter = Letter(f"{body.format(item=item, brand=brand)} {rng.choice(_OPINIONS)}".strip())
    if rng.random() < 0.06:
        letter = letter.then(_contact(rng, person))
    return stars, headline, _more(letter, extra, person, 0.25)


def write_message(
    rng: np.random.Generator, person: Person, intent: str, item: str, order_no: str,
    extra: np.random.Generator,
) -> Letter:  # fmt: skip
    """A letter with this intent; three in ten carry contact data, half say more (`extra`)."""
    template = str(rng.choice(_MESSAGES[intent]))
    letter = fill(f"Hello, {template}", item=item, order=order_no, address=person.address)
    if rng.random() < 0.3:
        letter = letter.then(_contact(rng, person))
    return _more(letter, extra, person, 0.5)


def _contact(rng: np.random.Generator, person: Person) -> Letter:
    return fill(
        str(rng.choice(_CONTACTS)),
        name=person.name, email=person.email, phone=person.phone, address=person.address,
    )  # fmt: skip


def _more(letter: Letter, extra: np.random.Generator, person: Person, share: float) -> Letter:
    if extra.random() < share:
        for _ in range(extra.integers(1, 3)):
            letter = letter.then(aside(extra, person))
    return letter
