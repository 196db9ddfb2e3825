"""An optional local language model that words an answer anew; `grounded.faithful` judges it."""

from __future__ import annotations

from collections.abc import Callable

from shoplake.errors import ModelError
from shoplake.models.hub import HubWriter

PROMPT = (
    "Rewrite the shop's answer in a friendly way. Keep every number, name and fact exactly; add"
    " nothing.\nAnswer: {text}\nRewritten:"
)
_SETTING = "`rephrase` in conf/models/assistant.yml"


def reworder(name: str, tokens: int) -> Callable[[str], str]:
    """A function that words an answer anew; it sees the answer alone, never the message or rows.

    Args:
        name: a folder or hub id of a causal language model.
        tokens: most tokens it writes.

    Returns:
        The first line that the model writes, up to the end of its last sentence; "" for none.

    Raises:
        ModelError: there is no such model, or it wants a picture.
    """
    writer = HubWriter(name, tokens=tokens, setting=_SETTING)
    if writer.sees:
        raise ModelError(
            f"'{name}' reads pictures, and an answer has none",
            where=_SETTING,
            remedy="name a causal language model, or null",
        )

    def reword(text: str) -> str:
        (found,) = writer.write([PROMPT.format(text=text)], [None])
        return found.split("\n")[0]

    return reword
