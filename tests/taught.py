"""Hugging Face models of a few kilobytes that learn one sentence in a second."""

import inspect

import torch


def words_of(words):
    """A tokenizer of whole words, the first five of which are BERT's special ones."""
    from transformers import BertTokenizer

    return BertTokenizer(
        vocab={word: i for i, word in enumerate(words)}, bos_token="[CLS]", eos_token="[SEP]"
    )


def spaced(text):
    """A tokenizer of what stands between the spaces of a text, which it gives back as it was."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *text.split()])
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", bos_token="[CLS]",
        eos_token="[SEP]",
    )  # fmt: skip


def taught(model, tokenizer, folder, prompt="", says="a teal mug.", pixels=None, steps=60):
    """A folder with a model that answers this prompt with this sentence."""
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"] if prompt else []
    said = tokenizer(says, add_special_tokens=False)["input_ids"]
    whole = torch.tensor([[2, *ids, *said, 3]])
    labels = whole.clone()
    labels[0, : 1 + len(ids)] = -100
    given = {"labels": labels}
    takes = inspect.signature(model.forward).parameters
    if "input_ids" in takes:
        given["input_ids"] = whole
    else:
        given["labels"] = whole[:, 1:]  # The decoder's start is the model's own.
    if pixels is not None:
        given["pixel_values"] = pixels
    torch.manual_seed(0)
    step = torch.optim.Adam(model.parameters(), lr=0.02)
    model.train()
    for _ in range(steps):
        step.zero_grad()
        model(**given).loss.backward()
        step.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def gpt2_config(size, positions=128, **more):
    from transformers import GPT2Config

    return GPT2Config(
        vocab_size=size, n_embd=16, n_layer=1, n_head=2, n_positions=positions,
        bos_token_id=2, eos_token_id=3, **more,
    )  # fmt: skip
