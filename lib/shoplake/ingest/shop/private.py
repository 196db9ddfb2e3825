"""Personal data and its near misses in what people write, with the place of every one.

The numbers are made up within ranges set aside for fiction and documentation where there are such:
Ofcom's telephone numbers for drama, 555-01xx in North America, RFC 5737 addresses, example domains.
Spans count characters of the text as `refine.text.normalise` leaves it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from shoplake.ingest.shop.people import Person

Values = dict[str, str]


class Letter(NamedTuple):
    """A text, and (kind, start, end) of the personal data in it."""

    text: str
    spans: tuple[tuple[str, int, int], ...] = ()

    def then(self, other: Letter) -> Letter:
        """Both texts with a blank between them."""
        if not other.text:
            return self
        at = len(self.text) + 1
        moved = tuple((kind, start + at, end + at) for kind, start, end in other.spans)
        return Letter(f"{self.text} {other.text}", self.spans + moved)


def fill(template: str, **values: str) -> Letter:
    """The template with its `{field}`s; a field called `<kind>` or `<kind>_<more>` is a span."""
    text, spans, at = "", [], 0
    for match in re.finditer(r"\{(\w+)\}", template):
        text += template[at : match.start()]
        kind = next((k for k in _KINDS if match[1] == k or match[1].startswith(f"{k}_")), None)
        value = values[match[1]]
        if kind is not None:
            spans.append((kind, len(text), len(text) + len(value)))
        text, at = text + value, match.end()
    return Letter(text + template[at:], tuple(spans))


_KINDS = (
    "email", "iban", "national_id", "card", "ip", "birth_date", "phone", "address", "name",
)  # fmt: skip
_PERSONAL = (
    "My name is {name_other}.", "my name is {name_small} by the way.", "Yours sincerely, {name}",
    "This is {name_other}, we spoke last week.", "Please leave it with my neighbour {name_other}.",
    "Ask for {name_other} at the desk.", "Mrs {name_last} at number nine can take it in.",
    "It was ordered by {name_other} for the office.", "Kind regards, {name_first}",
    "Write to {email_other} instead.", "mail: {email}", "Copy in {email_other}, please.",
    "My mobile is {phone_uk}.", "Call me on {phone_us} after six.", "Tel. {phone_city}",
    "Text {phone_uk}, I am rarely in.", "From abroad it is {phone_far}.",
    "Send it to {address_uk}, please.", "I live at {address_us}.", "My postcode is {address_code}.",
    "We have moved to {address_uk}.", "The parcel went to {address_small} by mistake.",
    "I paid with card {card}.", "The card {card_plain} was charged twice.",
    "Please refund to {iban}.", "My account is {iban_plain}.", "I was logged in from {ip}.",
    "I was born on {birth_date_long}.", "Date of birth: {birth_date}", "DOB {birth_date_short}.",
    "我叫{name_han},手机{phone_han}。", "收货人:{name_han},地址:{address_han}。",
    "请寄到{address_han},谢谢。", "我的身份证号是{national_id}。",
    "请联系{name_surname}先生,电话{phone_han}。",
    "身份证{national_id},{birth_date_han}出生。",
)  # fmt: skip
_NEAR_MISSES = (
    "The Mary Jane shoes came too.", "It goes well with the Lily White vase.",
    "The Oliver Chair and the Isla Lamp are lovely as well.", "Is it like the Kate Spade one?",
    "The Amber Rose candles smell of nothing.", "I saw it in the Mill Lane Collection.",
    "The barcode says {ean}.", "The parcel number is {parcel}.", "My order number is {number}.",
    "Invoice {number} says {price}.", "It measures 120 x 60 x {small} cm.",
    "I paid {price} on {day}.", "It came on {day} at 10:30.",
    "Model HL-{small}-{small}0-22 it says.",
    "The lamp has firmware 2.{small}.33.4 now.",
    "There were {small} boxes of 24 pieces, 3 in a row.",
    "Is size 8-10 or 10-12 better?", "Open Monday to Friday, 9-5?",
    "Happy New Year to Harbour Lane!",
    "The Rose Garden mugs, 2 Park Row plates and 1 Oak Drive bench.",
    "型号是HL{number},价格{price}元。",
    "订单号{number}还没到。", "3号线旁边的店也有。", "客服小姐很好。",
)  # fmt: skip
_GIVEN = (
    "Amelia", "Oliver", "Freya", "Arthur", "Priya", "Mohammed", "Tomasz", "Ingrid", "Callum",
    "Margaret", "Simon", "Katarzyna", "Luis", "Fatima", "Hannah", "Yusuf", "Gareth", "Natalie",
    "Oluwaseun", "Thandiwe", "Saoirse", "Barnaby", "Ximena", "Dmytro",
)  # fmt: skip
_LAST = (
    "Hartley", "Fletcher", "Nowak", "Okafor", "Patel", "Marsh", "Whitcombe", "Robson", "Sinclair",
    "Ashworth", "Kaya", "Byrne", "MacLeod", "Featherstonehaugh", "Santos", "Baker", "Young", "Chen",
    "O'Neill", "Smith-Jones",
)  # fmt: skip
_STREETS = ("Quay Street", "Mill Lane", "Station Road", "Albert Avenue", "Pier Terrace", "High St")
_TOWNS = (("Whitby", "YO21 3PU"), ("Lewes", "BN7 2LP"), ("Leeds", "LS1 4AP"), ("Bath", "BA1 1LZ"))
_US = ("Springfield, IL 62704", "Portland, OR 97205", "Salem, MA 01970", "Austin, TX 78701-2044")
_HAN_PLACES = (
    "上海市浦东新区世纪大道", "北京市朝阳区建国路", "广东省深圳市南山区科技路",
    "杭州市西湖区文三路",
    "四川省成都市武侯区人民南路",
)  # fmt: skip
_HAN_SURNAMES, _HAN_GIVEN = "王李张刘陈杨赵黄周吴徐欧", ("伟", "芳", "小明", "秀英", "建国", "丽娜")
_REGIONS = ("110105", "310115", "440305", "330106", "510107")
_CARD_STARTS = ("411111", "424242", "555555", "222300", "601111")
_MONTHS = "January February March April May June July August September October November December"


def aside(rng: np.random.Generator, person: Person) -> Letter:
    """One sentence beside the matter: six in ten hold personal data, the others only look so."""
    share = rng.random()
    templates = _PERSONAL if share < 0.6 else _NEAR_MISSES
    template = templates[rng.integers(len(templates))]
    return fill(template, **_values(rng, person))


def _values(rng: np.random.Generator, person: Person) -> Values:
    def pick(options: tuple[str, ...] | str) -> str:
        return options[rng.integers(len(options))]

    def digits(n: int) -> str:
        return "".join(map(str, rng.integers(0, 10, n)))

    other, last = f"{pick(_GIVEN)} {pick(_LAST)}", pick(_LAST)
    street = f"{rng.integers(1, 180)} {pick(_STREETS)}"
    town, code = _TOWNS[rng.integers(len(_TOWNS))]
    card, iban = _card(pick(_CARD_STARTS) + digits(9)), _iban("GB", f"WEST{digits(14)}")
    year, month, day = person.birth_year, int(rng.integers(1, 13)), int(rng.integers(1, 29))
    uk = f"7700 900{digits(3)}"
    house, flat = rng.integers(1, 400), rng.integers(101, 1800)
    return {
        "name": person.name, "name_first": person.name.split()[0], "name_other": other,
        "name_small": other.lower(), "name_last": last, "email": person.email,
        "name_han": pick(_HAN_SURNAMES[:-1]) + pick(_HAN_GIVEN), "name_surname": pick("王李张陈"),
        "email_other": re.sub("[^a-z]+", pick("._-"), other.lower()) + "@example.org",
        "phone_uk": pick((f"0{uk}", f"+44 {uk}", f"0{uk.replace(' ', '')}")),
        "phone_us": pick((f"(212) 555-01{digits(2)}", f"415-555-01{digits(2)}")),
        "phone_city": pick((f"0117 496 0{digits(3)}", f"020 7946 0{digits(3)}")),
        "phone_far": f"+{pick(('33', '49', '353'))} {rng.integers(1, 9)}{digits(2)} {digits(6)}",
        "phone_han": f"1{pick('35789')}{digits(9)}",
        "address_uk": pick((f"{street}, {town} {code}", f"Flat {rng.integers(1, 9)}, {street}")),
        "address_us": f"{rng.integers(1, 9000)} {pick(('Maple', 'Oak'))} Avenue, {pick(_US)}",
        "address_code": code, "address_small": f"{street.lower()}, {town.lower()} {code}",
        "address_han": f"{pick(_HAN_PLACES)}{house}号{flat}室",
        "card": " ".join(card[i : i + 4] for i in range(0, 16, 4)), "card_plain": card,
        "iban": " ".join(iban[i : i + 4] for i in range(0, len(iban), 4)), "iban_plain": iban,
        "ip": f"{pick(('203.0.113', '198.51.100'))}.{rng.integers(1, 255)}",
        "birth_date": f"{day:02d}/{month:02d}/{year}",
        "birth_date_short": f"{year}-{month:02d}-{day:02d}",
        "birth_date_long": f"{day} {_MONTHS.split()[month - 1]} {year}",
        "birth_date_han": f"{year}年{month}月{day}日",
        "national_id": _national_id(f"{pick(_REGIONS)}{year}{month:02d}{day:02d}{digits(3)}"),
        "ean": f"50{digits(11)}", "parcel": f"JD{digits(16)}", "small": str(rng.integers(3, 99)),
        "number": digits(10), "price": f"{rng.integers(5, 999)}.{digits(2)}",
        "day": pick((f"{day:02d}/{month:02d}/2026", f"2026-{month:02d}-{day:02d}")),
    }  # fmt: skip


def _card(start: str) -> str:
    """15 digits and the one that completes them (Luhn)."""
    doubled = sum(sum(divmod(2 * int(d), 10)) for d in start[::-2])
    return start + str(-(doubled + sum(map(int, start[-2::-2]))) % 10)


def _national_id(start: str) -> str:
    """17 digits and the check character of GB 11643."""
    return (
        start + "10X98765432"[sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(start)) % 11]
    )


def _iban(country: str, account: str) -> str:
    """The account with its check digits (ISO 13616)."""
    number = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{account}"
