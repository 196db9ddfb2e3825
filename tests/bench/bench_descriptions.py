"""Descriptions of the built-in shop: who writes, what is held, and what pictures alone can say.

    python tests/bench/bench_descriptions.py [--products 480]

Every product is described in every language of conf/models/descriptions.yml. Then it is described
again as if its columns and name said nothing, from its picture alone; a claim of that is right if
it is what the columns say.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

from shoplake.ingest.shop.catalogue import build_catalogue, build_market, product_records
from shoplake.ingest.shop.config import load_shop_config
from shoplake.models.descriptions.describe import Describer, decoder_of
from shoplake.models.descriptions.facts import Product, kind_of, product_of
from shoplake.models.descriptions.settings import load_descriptions
from shoplake.models.descriptions.sights import drawn_picture, read_pictures


def catalogue(products: int) -> list[Product]:
    """The shop's products as of the last day."""
    shop, roles = load_shop_config(products=products), load_descriptions().roles
    made = build_catalogue(shop)
    market = build_market(shop, made, shop.days)
    rows = {r["sku"]: r for day in range(shop.days) for r in product_records(made, market, day)}
    return [
        product_of({**row, "product_id": f"builtin:{sku}", "name": row["title"]}, roles)
        for sku, row in sorted(rows.items())
        if row["type"] == "product"
    ]


def main() -> None:
    """Entry point."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--products", type=int, default=480)
    products, config = catalogue(options.parse_args().products), load_descriptions()
    clock = time.monotonic()

    def lap(what: str) -> None:
        nonlocal clock
        print(f"{time.monotonic() - clock:7.1f} s  {what}", flush=True)
        clock = time.monotonic()

    decoder_of(config)
    lap("decoder learnt, or read from the cache")
    found = {p.product_id: drawn_picture(p, config.pixels) for p in products}
    pictures = {i: picture for i, picture in found.items() if picture is not None}
    lap(f"{len(pictures)} pictures drawn")
    read, labels = read_pictures(products, pictures, config, drawn=True)
    lap("pictures read")
    made = Describer(config, products, labels).describe(products, read, pictures)
    lap(f"{len(made)} descriptions")
    for (language, writer, held), n in sorted(
        Counter((d.language, d.writer, bool(d.held)) for d in made).items()
    ):
        print(f"  {language} {writer} {'held' if held else 'published'}: {n}")
    print(f"  different texts: {len({d.text for d in made})}")
    for reason, n in Counter(r for d in made for r in d.refusals).most_common(8):
        print(f"  {n} x {reason}")
    bare = [replace(p, name="", text="", category="", brand="", attributes={}) for p in products]
    seen = Describer(config, products, labels).describe(bare, read, pictures)
    seen = [d for d in seen if d.language == config.languages[0]]
    lap("described from pictures alone")
    published = [d for d in seen if not d.held]
    claims = [
        c.words.lower() in (kind_of(p.name, list(p.attributes.values())), p.attributes["colour"])
        for d, p in zip(seen, products, strict=True)
        if not d.held
        for c in d.claims
    ]
    print(
        f"  published {len(published)} of {len(seen)}; right: {sum(claims)} of {len(claims)} claims"
    )


if __name__ == "__main__":
    main()
