"""One person out of the whole lake: what rooms can do by themselves, put in order."""

from shoplake.erase.person import erase, roots

__all__ = ["erase", "roots"]
