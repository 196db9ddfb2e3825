"""The built-in shop "Harbour Lane": a simulator whose people have tastes and react."""

from __future__ import annotations

from shoplake.ingest.shop.config import ShopConfig, load_shop_config
from shoplake.ingest.shop.simulate import (
    best_lists,
    read_told,
    read_truth,
    respond,
    simulate,
)

__all__ = [
    "ShopConfig",
    "best_lists",
    "load_shop_config",
    "read_told",
    "read_truth",
    "respond",
    "simulate",
]
