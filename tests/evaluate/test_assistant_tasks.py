"""The tasks of the assistant: figures equal a plain oracle, and both run whole on other folders."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from shoplake.errors import ShoplakeError
from shoplake.evaluate.intents import Named, Told, label_figures, unknown_figures
from shoplake.evaluate.intents_grounding import answered, example_door, unsupported
from shoplake.evaluate.questions import answer_f1, best_without, retrieval_values
from shoplake.evaluate.tasks import intents, questions
from shoplake.models.assistant.intents import fit_intents
from shoplake.models.assistant.settings import (
    AssistantConfig,
    load_assistant,
    load_intents,
    load_shop_policies,
)
from shoplake.models.search.encoder import TextEncoder
from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.facts import Citation
from shoplake.serve.assistant.opening import learnt_from


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def tiny() -> AssistantConfig:
    config = load_assistant()
    tune = dataclasses.replace(config.finetune, least=10, steps=4, batch=8)
    return dataclasses.replace(config, base="tiny", max_tokens=16, finetune=tune)


def test_labels_are_judged_as_scikit_learn_does() -> None:
    truth = np.array(list("aabbccab"), dtype=object)
    said = np.array(list("abbbccaz"), dtype=object)
    named = {"m": Named(said, np.full(8, 0.75)), "flat": Named(np.full(8, "a", object), np.ones(8))}
    found = label_figures(truth, named, np.arange(8), ["flat"], seed=0)
    expected = f1_score(
        truth.astype(str), said.astype(str), average="macro", labels=["a", "b", "c"]
    )
    assert found["m"]["macro_f1"].value == pytest.approx(expected)
    assert found["m"]["accuracy"].value == 0.75
    assert found["m"]["ece"].value == pytest.approx(0)
    assert found["flat"]["ece"].value == pytest.approx(1 - 3 / 8)


def test_phrasings_are_drawn_not_utterances() -> None:
    truth = np.array(["a", "b"] * 50, dtype=object)
    right = np.repeat([True, False], 50)
    named = {"m": Named(np.where(right, truth, "z"), np.ones(100))}
    width = []
    for group in (np.arange(100), np.repeat([0, 1], 50)):
        at = label_figures(truth, named, group, ["m"], seed=0)["m"]["accuracy"]
        width.append(at.high - at.low)
    assert width[1] > 3 * width[0]


def test_unknown_is_judged_as_scikit_learn_does() -> None:
    random = np.random.default_rng(0)
    known, strange = random.normal(1, 1, 40), random.normal(0, 1, 30)
    found = unknown_figures(
        {"m": [Told(known, strange, 0.5)]}, [(np.arange(40), np.arange(30))], ["m"], seed=0
    )["m"]
    truth = np.repeat([1, 0], [40, 30])
    auc = roc_auc_score(truth, np.concatenate([known, strange]))
    assert found["unknown_auroc"].value == pytest.approx(auc)
    assert found["refused_known"].value == pytest.approx((known < 0.5).mean())
    assert found["refused_unknown"].value == pytest.approx((strange < 0.5).mean())


def test_answers_are_grounded_and_an_invented_number_is_found(tiny: AssistantConfig) -> None:
    texts, names = zip(*learnt_from(load_intents(), None), strict=True)
    config = dataclasses.replace(tiny, classifier="linear", unsure=0.01, refused=0.01)
    model = fit_intents(texts, names, config, TextEncoder.load("tiny", max_tokens=16))
    assistant = Assistant(model, load_intents(), load_shop_policies(), config)
    found = answered(assistant, ["where is my order", "show me my orders", "what do you recommend"])
    assert found["grounded"].value == 1
    assert 0 < found["latency_p50_ms"].value <= found["latency_p99_ms"].value
    door = example_door()
    told = assistant.answer("where is my order", door)
    assert unsupported(told, door, assistant) == []
    invented = dataclasses.replace(told, text=told.text + " It weighs 771 g.")
    assert unsupported(invented, door, assistant) == ["771"]
    uncited = dataclasses.replace(told, citations=(Citation("silver.orders", "shop:none"),))
    assert unsupported(uncited, door, assistant)


ASKED = {
    "track": ("where is my parcel", "what is the ETA of the van", "has the courier left"),
    "pay": ("which cards are accepted", "may I transfer by bank", "do you take cash"),
    "news": ("the letter with offers", "stop your mailing", "weekly magazine please"),
    "login": ("a new password", "my profile is locked", "change the e-mail"),
    "broken": ("the cup has a crack", "it came in pieces", "the lid is bent"),
    "stock": ("are there any left", "is it sold out", "when will more arrive"),
    "solo": ("only said this way",),
}
FRAMES = ("{}", "please tell me {}", "can you tell me {}?", "i want to know {}")


def utterances(folder: Path, frames: tuple[str, ...] = FRAMES) -> Path:
    rows = [(f.format(t), i) for i, texts in ASKED.items() for t in texts for f in frames]
    folder.mkdir()
    frame = pd.DataFrame(rows, columns=["utterance", "intent"])
    frame.to_csv(folder / "utterances.csv", index=False, encoding="utf-8-sig")
    return folder


@pytest.mark.slow
def test_intents_are_judged_on_phrasings_of_their_own(
    tmp_path: Path, tiny: AssistantConfig
) -> None:
    found = intents.run(utterances(tmp_path / "data"), None, seed=0, settings=tiny)
    assert "6 intents" in found.protocol["judged"]
    assert "1 intent(s) of a single phrasing" in found.protocol["split"]
    row = found.figures[intents.ALL]
    assert {"macro_f1", "accuracy", "ece", "handed_over", "latency_p99_ms"} <= set(row)
    assert 0 <= found.figures[intents.LINEAR]["unknown_auroc"].value <= 1


@pytest.mark.slow
def test_intents_learn_from_another_folder_without_its_repeats(
    tmp_path: Path, tiny: AssistantConfig
) -> None:
    train = utterances(tmp_path / "train", FRAMES[:3])
    data = utterances(tmp_path / "data", FRAMES[2:])
    found = intents.run(data, train, seed=0, settings=tiny)
    assert "learnt from" in found.protocol["split"]
    assert found.protocol["learnt from"].startswith("38 utterances")  # 57 less the 19 in both
    words = found.figures[intents.WORDS]["accuracy"].value
    assert words > found.figures[intents.MAJORITY]["accuracy"].value


def test_too_few_utterances_are_refused(tmp_path: Path, tiny: AssistantConfig) -> None:
    (tmp_path / "utterances.csv").write_text("utterance,intent\nhello,hi\n")
    with pytest.raises(ShoplakeError, match="too few"):
        intents.run(tmp_path, None, seed=0, settings=tiny)


def test_own_answers_are_ranked_among_all_with_ties_shared() -> None:
    scores = np.array([[3, 1, 2], [1, 1, 1], [0, 5, 4]], dtype=np.float32)
    found = retrieval_values(scores, np.array([0, 1, 2]))
    assert found["recall@1"].tolist() == pytest.approx([1, 1 / 3, 0])
    assert found["mrr@10"].tolist() == pytest.approx([1, (1 + 1 / 2 + 1 / 3) / 3, 1 / 2])
    there, gone = best_without(scores, np.array([0, 1, 1]))
    assert (there.tolist(), gone.tolist()) == ([3, 1, 5], [2, 1, 4])


@pytest.mark.parametrize(
    ("told", "given", "f1"),
    [
        ("yes it fits", "Yes, it fits!", 1),
        ("no", "yes", 0),
        ("fits", "fits well", 2 / 3),
        ("", "", 0),
    ],
)
def test_shared_words_of_answers(told: str, given: str, f1: float) -> None:
    assert answer_f1(told, given) == pytest.approx(f1)


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[str, int], Path]:
    def write(name: str, first: int) -> Path:
        things = ["hose", "lid", "motor", "filter", "handle", "plug"]
        rows = [
            {"asin": f"{name}{p}", "question": f"is the {t} of model {p} long", "unixTime": first + n,
             "answer": f"the {t} of {p} is {n} inches"}
            for n, (p, t) in enumerate(itertools.product(range(24), things))
        ]  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "qa.jsonish").write_text("\n".join(map(repr, rows)))
        return tmp_path / name

    return write


def test_questions_find_their_answers(asked: Callable[..., Path], tiny: AssistantConfig) -> None:
    found = questions.run(asked("a", 100), None, seed=0, settings=tiny)
    both, any_ = found.figures[questions.BOTH], found.figures[questions.ANY]
    assert both["mrr@10"].value > 3 * any_["mrr@10"].value
    assert both["grounded"].value == 1
    assert 0 <= both["shown"].value <= 1
    assert "all 144 distinct answers" in found.protocol["candidates"]


def test_questions_of_another_time_compete_with_the_past(
    asked: Callable[..., Path], tiny: AssistantConfig
) -> None:
    found = questions.run(asked("later", 500), asked("early", 100), seed=0, settings=tiny)
    assert "the questions of --data: 144 questions" in found.protocol["split"]
    assert found.figures[questions.BOTH]["answer_f1"].value > 0.3
