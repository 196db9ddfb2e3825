"""Intents are learnt, what is like nothing learnt is unknown, and confidence is a probability."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from shoplake.errors import SettingsError, SourceError
from shoplake.models.assistant.intents import IntentModel, auroc, fit_intents, tempered
from shoplake.models.assistant.settings import load_assistant, load_intents
from shoplake.models.assistant.utterances import read_utterances
from shoplake.models.search.encoder import TextEncoder

WORDS = {
    "track": "where parcel arrive van courier",
    "pay": "card transfer money invoice bank",
    "return": "back refund broken exchange unwanted",
    "account": "login password profile email register",
    "stock": "available left sold shelf warehouse",
    "hello": "hi hello morning evening greetings",
}
FRAMES = ("my {}", "{} please", "about the {}", "tell me {}")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> IntentModel:
    said = [(f.format(w), i) for i, ws in WORDS.items() for w in ws.split() for f in FRAMES]
    texts, intents = zip(*said, strict=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOPLAKE_CACHE", str(tmp_path_factory.mktemp("cache")))
        encoder = TextEncoder.load("tiny", max_tokens=16)
        return fit_intents(texts, intents, load_assistant(), encoder)


def test_new_words_around_what_was_learnt_keep_the_intent(model: IntentModel) -> None:
    read = model.read(["could the courier come", "a new password now", "is it sold?"])
    assert read.intents.tolist() == ["track", "account", "stock"]
    assert ((read.confidence > 0) & (read.confidence <= 1)).all()


def test_what_is_like_nothing_learnt_is_less_known(model: IntentModel) -> None:
    near = model.read(["my parcel", "the bank transfer"]).known
    far = model.read(["qqq zzz 99 ?? ##", "~~~~ ^^^^ 0000"]).known
    assert near.min() > far.max()
    assert model.read(["qqq zzz 99 ?? ##"]).named(0) == "unknown"


def test_a_temperature_keeps_probabilities_that_add_up() -> None:
    log = np.log(np.array([[0.7, 0.2, 0.1]]))
    calm = np.exp(tempered(log, 2.0))
    assert calm.sum() == pytest.approx(1)
    assert 0.7 > calm[0, 0] > calm[0, 1] > calm[0, 2]


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([2.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)


def test_a_fine_tuned_bert_joins_and_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shoplake.models.assistant.finetune import fit_tuned

    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path))
    config = load_assistant()
    tune = dataclasses.replace(config.finetune, steps=60, learning_rate=3e-3)
    config = dataclasses.replace(config, base="tiny", max_tokens=16, finetune=tune)
    texts = [f.format(w) for w in ("aaa", "zzz") for f in FRAMES]
    tuned = fit_tuned(texts, ["a"] * 4 + ["z"] * 4, config)
    found = tuned.classes_[tuned.predict_log_proba(["aaa now", "zzz now"]).argmax(axis=1)]
    assert found.tolist() == ["a", "z"]


def test_the_shipped_intents_name_policies_that_are_written(tmp_path: Path) -> None:
    assert {"track_order", "get_refund", "contact_human_agent"} <= set(load_intents())
    path = tmp_path / "intents.yml"
    path.write_text(
        "intents: {buy: {facts: none, policy: nowhere, hand_over: false, phrases: [buy it]}}"
    )
    with pytest.raises(SettingsError, match="no policy 'nowhere'"):
        load_intents(path)


def test_a_threshold_outside_0_and_1_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assistant.yml"
    shipped = Path(load_assistant.__code__.co_filename).parents[4] / "conf/models/assistant.yml"
    path.write_text(shipped.read_text().replace("unsure: 0.35", "unsure: 1.5"))
    with pytest.raises(SettingsError, match=r"unsure is 1\.5"):
        load_assistant(path)


def test_utterances_are_read_without_mark_blanks_and_repeats(tmp_path: Path) -> None:
    text = "flags,utterance,intent\nB,where  is it,TRACK\nB,where is it,track\nB,,track\nB,x,\n"
    (tmp_path / "utterances.csv").write_text(text, encoding="utf-8-sig")
    assert read_utterances(tmp_path).to_numpy().tolist() == [["where is it", "track"]]
    with pytest.raises(SourceError, match="no utterances here"):
        read_utterances(tmp_path / "none")
