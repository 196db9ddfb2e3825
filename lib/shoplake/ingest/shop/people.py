"""People: latent tastes that no file shows, and the identities and personal data that files do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.ingest.shop.catalogue import Catalogue, Market
from shoplake.ingest.shop.config import ShopConfig, Stream, day_text, generator
from shoplake.ingest.shop.vocabulary import (
    CATEGORIES,
    COLOURS,
    FIRST_NAMES,
    LAST_NAMES,
    MATERIALS,
    SEGMENT_CATEGORIES,
    SEGMENTS,
    STREETS,
    STYLES,
    TOWNS,
)

Floats = NDArray[np.float64]
CHANNELS = {"W": "web", "A": "app", "S": "pos"}
"""First letter of a platform identity to the channel it belongs to; `pos` is the shop's till."""


@dataclass(frozen=True)
class Person:
    """One human. `tastes` holds one weight for each category, style, colour and material."""

    number: int
    joined: int
    visits_per_day: float
    tastes: tuple[Floats, Floats, Floats, Floats]
    price_sensitivity: float
    segment: str
    ids: dict[str, str]
    loyalty_no: str
    name: str
    email: str
    phone: str
    address: str
    country: str
    birth_year: int
    consent: bool

    @property
    def online_id(self) -> str:
        """The identity that lists are shown to; everybody has one."""
        return next(i for letter, i in self.ids.items() if CHANNELS[letter] != "pos")


def natural_id(prefix: str, *parts: object) -> str:
    """A stable id that says nothing about what it was made of: prefix and 16 hex digits."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8)
    return prefix + digest.hexdigest()


def draw_person(config: ShopConfig, number: int) -> Person:
    """Person `number`, a function of (seed, number) alone."""
    rng = generator(config, Stream.PERSON, number)
    segment = SEGMENTS[rng.choice(len(SEGMENTS), p=[0.28, 0.24, 0.16, 0.12, 0.15, 0.05])]
    category = rng.normal(0.0, 0.8, len(CATEGORIES))
    category[list(SEGMENT_CATEGORIES[segment])] += 0.7
    tastes = (
        category,
        rng.normal(0.0, 0.7, len(STYLES)),
        rng.normal(0.0, 0.5, len(COLOURS)),
        rng.normal(0.0, 0.6, len(MATERIALS)),
    )
    sensitivity = rng.lognormal(0.0, 0.4) * (2.0 if segment == "bargain_hunter" else 1.0)
    letters = rng.permutation(["W", "A", "S"])[: rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])]
    if letters[0] == "S" and len(letters) == 1:  # everyone can be reached online
        letters = np.array(["W"])
    member = len(letters) > 1 or rng.random() < 0.6
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    country = str(rng.choice(list(TOWNS), p=[0.78, 0.08, 0.07, 0.07]))
    plain = f"{first}.{last}".lower().encode("ascii", "ignore").decode().replace("'", "")
    return Person(
        number=number,
        joined=0 if rng.random() < 0.8 else int(rng.exponential(30)),
        visits_per_day=float(min(1.0, config.visits_per_day * rng.gamma(2.0, 0.5))),
        tastes=tastes,
        price_sensitivity=float(sensitivity),
        segment=segment,
        ids={str(x): f"{x}{number:07d}" for x in sorted(letters)},
        loyalty_no=natural_id("HL-", config.seed, "loyalty", number) if member else "",
        name=f"{first} {last}",
        email=f"{plain}{number}@example.{rng.choice(['com', 'org', 'net'])}",
        # 07700 900xxx is Ofcom's range of numbers for fiction.
        phone=f"+44 7700 900{rng.integers(1000):03d}",
        address=f"{rng.integers(1, 180)} {rng.choice(STREETS)}, {rng.choice(TOWNS[country])}",
        country=country,
        birth_year=int(rng.integers(1944, 2007)),
        consent=bool(rng.random() < 0.8),
    )


def person_number(person_id: str) -> int | None:
    """The person a platform identity belongs to, or None when it is not an id of this shop."""
    letter, digits = person_id[:1], person_id[1:]
    return int(digits) if letter in CHANNELS and digits.isdigit() else None


def fixed_utility(config: ShopConfig, person: Person, catalogue: Catalogue) -> Floats:
    """The part of the person's utility that never changes, shape (products,)."""
    category, style, colour, material = person.tastes
    return config.choice.taste * (
        category[catalogue.category]
        + style[catalogue.style]
        + colour[catalogue.colour]
        + material[catalogue.material]
    )


def day_utility(
    config: ShopConfig, person: Person, fixed: Floats, market: Market, day: int
) -> Floats:
    """Utility of every product on `day` before repeat terms, shape (products,)."""
    price = config.choice.price * person.price_sensitivity * market.relative_price[day]
    return fixed + market.common[day] - price


def person_records(person: Person) -> list[dict[str, object]]:
    """The customer rows of a person, one a platform identity."""
    return [
        {
            "customer": identity,
            "channel": CHANNELS[letter],
            "loyalty_no": person.loyalty_no,
            "full_name": person.name,
            "email": person.email,
            "phone": person.phone,
            "address": person.address,
            "country": person.country,
            "birth_year": str(person.birth_year),
            "segment": person.segment,
            "consent": "yes" if person.consent else "no",
            "joined_at": f"{day_text(person.joined)} 06:00:00",
        }
        for letter, identity in person.ids.items()
    ]
