"""An optional local language model that words an answer anew; `grounded.faithful` judges it."""

from __future__ import annotations

from collections.abc import Callable

from shoplake.errors import ModelError

_PROMPT = (
    "Rewrite the shop's answer in a friendly way. Keep every number, name and fact exactly; add"
    " nothing.\nAnswer: {text}\nRewritten:"
)


def reworder(name: str, tokens: int) -> Callable[[str], str]:
    """A function that words an answer anew; it sees the answer alone, never the message or rows.

    Args:
        name: a folder or hub id of a causal language model.
        tokens: most tokens it writes.

    Raises:
        ModelError: there is no such model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32).eval()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"no language model '{name}'",
            where=str(error).strip().splitlines()[0],
            remedy="set `rephrase` in conf/models/assistant.yml to a local folder, or to null",
        ) from None

    def reword(text: str) -> str:
        asked = tokenizer(_PROMPT.format(text=text), return_tensors="pt")
        with torch.inference_mode():
            made = model.generate(
                **asked, max_new_tokens=tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id
            )
        new = tokenizer.decode(made[0, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        return str(new).strip().split("\n")[0]

    return reword
