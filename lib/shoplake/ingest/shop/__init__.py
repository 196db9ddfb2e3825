"""The built-in shop "Harbour Lane": a seeded simulator whose people have tastes and react to lists."""

from __future__ import annotations

from shoplake.ingest.shop.config import ShopConfig, load_config
from shoplake.ingest.shop.simulate import best_lists, read_truth, respond, simulate

__all__ = ["ShopConfig", "best_lists", "load_config", "read_truth", "respond", "simulate"]
