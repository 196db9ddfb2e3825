"""The words Harbour Lane writes with: what products, people, queries and letters are made of."""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    """A kind of product, its usual price in GBP, and other words people search it by."""

    word: str
    price: float
    synonyms: tuple[str, ...] = ()


class Category(NamedTuple):
    """A department: its products, what they are made of (or smell of), and whether they run out."""

    name: str
    consumable: bool
    nouns: tuple[Noun, ...]
    materials: tuple[str, ...]


STYLES = (
    "nordic", "rustic", "retro", "botanical", "nautical", "industrial", "boho", "minimalist",
)  # fmt: skip
COLOURS = (
    "sage green", "navy blue", "mustard yellow", "blush pink", "charcoal grey", "ivory",
    "terracotta", "teal", "burgundy", "lavender blue", "copper", "forest green",
)  # fmt: skip
STYLE_PHRASES = {
    "nordic": "Calm lines borrowed from the Scandinavian coast",
    "rustic": "Honest farmhouse character with a weathered finish",
    "retro": "A cheerful nod to the nineteen-fifties",
    "botanical": "Drawn with ferns, herbs and meadow flowers",
    "nautical": "Made for sea air, with rope and anchor details",
    "industrial": "Workshop looks with visible rivets and seams",
    "boho": "Layered patterns and tassels from far markets",
    "minimalist": "Nothing more than it needs to be",
}
_SCENTS = ("lavender", "bergamot", "sea salt", "sandalwood", "wild mint", "rose")
CATEGORIES = (
    Category("Kitchen & Dining", False, (
        Noun("mug", 9, ("cup",)), Noun("serving bowl", 18, ("dish",)), Noun("teapot", 26),
        Noun("butter dish", 14), Noun("cake stand", 24, ("cake plate",)),
        Noun("chopping board", 21),
    ), ("ceramic", "enamel", "oak", "glass", "stoneware")),
    Category("Candles & Scent", True, (
        Noun("pillar candle", 11, ("candle",)), Noun("tealights", 6, ("small candles",)),
        Noun("reed diffuser", 19, ("room scent",)), Noun("scented candle", 15, ("candle",)),
    ), _SCENTS),
    Category("Bath & Soap", True, (
        Noun("hand soap", 7, ("soap",)), Noun("bath salts", 10), Noun("shampoo bar", 8),
        Noun("body lotion", 13, ("cream",)), Noun("soap bar", 5, ("soap",)),
    ), _SCENTS),
    Category("Tea & Pantry", True, (
        Noun("loose leaf tea", 8, ("tea",)), Noun("shortbread", 6, ("biscuits",)), Noun("honey", 7),
        Noun("hot chocolate", 9, ("cocoa",)), Noun("chutney", 5, ("relish",)),
    ), ("bergamot", "wild mint", "ginger", "heather", "sea salt", "orange")),
    Category("Stationery & Gift Wrap", True, (
        Noun("wrapping paper", 4, ("gift wrap",)), Noun("notebook", 8, ("journal",)),
        Noun("greeting cards", 6, ("cards",)), Noun("gift tags", 3, ("labels",)),
    ), ("recycled paper", "cotton", "kraft", "velvet")),
    Category("Garden", False, (
        Noun("planter", 22, ("plant pot",)), Noun("bird feeder", 16), Noun("watering can", 24),
        Noun("wind chime", 15), Noun("trowel", 12, ("hand spade",)), Noun("bird bath", 38),
    ), ("terracotta clay", "galvanised steel", "brass", "cedar")),
    Category("Lighting", False, (
        Noun("table lamp", 45, ("lamp",)), Noun("lantern", 23),
        Noun("string lights", 14, ("fairy lights",)),
        Noun("pendant shade", 36, ("lampshade",)), Noun("candle holder", 12, ("candlestick",)),
    ), ("brass", "glass", "rattan", "linen")),
    Category("Cushions & Throws", False, (
        Noun("cushion", 20, ("pillow",)), Noun("throw", 42, ("blanket",)),
        Noun("doormat", 17, ("mat",)), Noun("tea towel", 8, ("dish cloth",)),
        Noun("table runner", 16),
    ), ("wool", "linen", "cotton", "velvet", "jute")),
    Category("Storage", False, (
        Noun("basket", 19, ("hamper",)), Noun("storage tin", 9, ("caddy",)),
        Noun("wall hooks", 13, ("pegs",)), Noun("drawer box", 15), Noun("laundry bag", 18),
    ), ("rattan", "jute", "enamel", "oak", "cotton")),
    Category("Toys & Games", False, (
        Noun("puzzle", 16, ("jigsaw",)), Noun("teddy bear", 19, ("soft toy",)),
        Noun("toy boat", 14), Noun("skipping rope", 8), Noun("board game", 24),
    ), ("beech", "cotton", "felt", "recycled paper")),
    Category("Outdoor & Camping", False, (
        Noun("picnic blanket", 32, ("picnic rug",)), Noun("vacuum flask", 25, ("thermos",)),
        Noun("camping stove", 54), Noun("rucksack", 62, ("backpack",)), Noun("hammock", 48),
    ), ("canvas", "wool", "galvanised steel", "recycled nylon")),
    Category("Wall Art & Frames", False, (
        Noun("picture frame", 17, ("photo frame",)), Noun("art print", 21, ("poster",)),
        Noun("wall clock", 33), Noun("mirror", 49), Noun("wall hanging", 27, ("tapestry",)),
    ), ("oak", "brass", "linen", "rattan")),
)  # fmt: skip
MATERIALS = tuple(sorted({m for c in CATEGORIES for m in c.materials}))

BRANDS = (
    "Harbour Lane", "Fjord & Fern", "Old Barn Co", "Dandy Diner", "Meadowsweet", "Salt Rope",
    "Foundry Nine", "Caravan Rose", "Plainly", "Tidewater", "Larkrise", "Quay House",
)  # fmt: skip
SELLERS = ("Harbour Lane", "Pebble Trading", "Northshore Crafts", "Attic & Sons")
SEGMENTS = ("homemaker", "gift_giver", "outdoor", "collector", "bargain_hunter", "trade")
SEGMENT_CATEGORIES: dict[str, tuple[int, ...]] = {
    "homemaker": (0, 2, 7, 8), "gift_giver": (1, 4, 9, 3), "outdoor": (5, 10), "collector": (11, 6),
    "bargain_hunter": (), "trade": (4, 0),
}  # fmt: skip

FIRST_NAMES = (
    "Amelia", "Oliver", "Isla", "George", "Chloé", "Noah", "Freya", "Arthur", "Zoë", "Leo",
    "Priya", "Mohammed", "Siobhán", "Tomasz", "Ingrid", "Kwame", "Mei", "Luca", "Renée", "Callum",
)  # fmt: skip
LAST_NAMES = (
    "Hartley", "O'Brien", "Fletcher", "Nowak", "Okafor", "Lindqvist", "Müller", "Patel", "Marsh",
    "García", "Whitcombe", "Dubois", "Chen", "Robson", "Sinclair", "Ashworth", "Kaya", "Byrne",
)  # fmt: skip
STREETS = ("Quay Street", "Mill Lane", "Station Road", "Church Hill", "Fore Street")
TOWNS = {
    "GB": ("Whitby YO21 3PU", "Falmouth TR11 3AS", "Leith EH6 6QQ", "Lewes BN7 2LP"),
    "IE": ("Kinsale P17 X567", "Galway H91 E2K3"),
    "FR": ("35400 Saint-Malo", "29200 Brest"),
    "DE": ("24937 Flensburg", "18055 Rostock"),
}  # fmt: skip
