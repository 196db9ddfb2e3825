"""An assistant as configured, its intent model fitted once and kept in the cache."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

from shoplake import __version__
from shoplake.models.assistant.heads import READING
from shoplake.models.assistant.intents import IntentModel, fit_intents
from shoplake.models.assistant.mentions import Mentions, load_mentions
from shoplake.models.assistant.questions import PastAnswers, read_questions
from shoplake.models.assistant.settings import (
    AssistantConfig,
    Clause,
    load_assistant,
    load_intents,
    load_shop_policies,
)
from shoplake.models.assistant.tagger import Tagger, examples, fit_tagger
from shoplake.models.assistant.utterances import read_utterances
from shoplake.models.search.cache import cache_folder, content_key
from shoplake.models.search.encoder import TextEncoder
from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.rewording import reworder


def open_assistant(config: AssistantConfig | None = None) -> Assistant:
    """The assistant of `conf/models/assistant.yml` and `conf/assistant/`.

    Raises:
        SettingsError: a file of these is wrong.
        SourceError: a folder that they name is not of its layout.
        ModelError: there is no base model.
    """
    config = config or load_assistant()
    clauses = load_intents()
    policies = load_shop_policies()
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    pairs = learnt_from(clauses, config.utterances)
    mentions = load_mentions()
    key = content_key(__version__, READING, config, pairs, mentions, encoder.base.source)
    # Shipped phrases name products that nobody marked; what was measured learnt from utterances.
    said = [text for text, _ in pairs[len(learnt_from(clauses, None)) :]]
    model, tagger = _kept(key, pairs, said, mentions, config, encoder)
    past = None
    if config.questions is not None:
        rows = read_questions(Path(config.questions))
        past = PastAnswers(rows, encoder, "product_questions")
    reword = reworder(config.rephrase, config.rephrase_tokens) if config.rephrase else None
    version = content_key(key, clauses, policies)
    return Assistant(model, clauses, policies, config, past, reword, tagger, version)


def learnt_from(clauses: dict[str, Clause], utterances: str | None) -> list[tuple[str, str]]:
    """Texts with their intents: the phrases of the clauses, and a folder's utterances of them."""
    pairs = [(phrase, name) for name, clause in clauses.items() for phrase in clause.phrases]
    if utterances is None:
        return pairs
    rows = read_utterances(Path(utterances))
    said = zip(rows["utterance"], rows["intent"], strict=True)
    return pairs + [(text, intent) for text, intent in said if intent in clauses]


def _kept(
    key: str,
    pairs: list[tuple[str, str]],
    utterances: list[str],
    mentions: Mentions,
    config: AssistantConfig,
    encoder: TextEncoder,
) -> tuple[IntentModel, Tagger | None]:
    path = cache_folder() / "assistant" / f"{key}.pickle"
    if path.exists():
        accept, heads, tagger = pickle.loads(path.read_bytes())
        return IntentModel(heads, accept, encoder), tagger
    texts, intents = zip(*pairs, strict=True)
    model = fit_intents(texts, intents, config, encoder)
    tagger = None
    if config.entities == "finetuned" and len(texts) >= config.finetune.least:
        tagger = fit_tagger(examples(mentions, utterances, encoder, config.seed), config)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    kept = model.accept, model.heads, tagger
    new.write_bytes(pickle.dumps(kept, protocol=pickle.HIGHEST_PROTOCOL))
    new.replace(path)
    return model, tagger
