"""A pinned gold snapshot becomes torch batches."""

from shoplake.feed.materialise import materialise, purge
from shoplake.feed.reader import Feed, FeedError, Position

__all__ = ["Feed", "FeedError", "Position", "materialise", "purge"]
