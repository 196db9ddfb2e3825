"""`shoplake label`: what to label, answers kept one by one, their effect, and the task's curve."""

import io
import re

import pandas as pd
import pytest

from shoplake.cli import main
from shoplake.commands.label import _answer
from shoplake.evaluate.tasks import evaluate
from shoplake.models.labelling.store import saved_labels

THINGS = ["drill bit", "shower head", "ceiling fan", "wall shelf", "garden hose", "door mat"]
MAKERS = ["Acme", "Bolt", "Crane", "Delta", "Eagle", "Forge", "Grand", "Hill"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    rows = [
        (f"{maker.lower()} {thing}", f"{made} {held.title()}", 3.0 if held == thing else 1.0)
        for maker in MAKERS
        for thing in THINGS
        for made in (maker, "Other")
        for held in THINGS[:4]
    ]
    frame = pd.DataFrame(rows, columns=["search_term", "product_title", "relevance"])
    (tmp_path / "judged").mkdir()
    frame.to_csv(tmp_path / "judged" / "rows.csv", index=False)
    return tmp_path / "judged"


def label(folder, tmp_path, *more):
    kept = tmp_path / "labels.csv"
    main(["label", "--data", str(folder), "--labels", str(kept), "--base", "tiny", *more])
    return kept


@pytest.mark.slow
def test_answers_are_kept_until_quit_and_not_asked_again(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("3\nwhat\ns\n1\nq\n"))
    kept = label(folder, tmp_path, "--ignore", "--ask", "6")
    assert saved_labels(kept)["relevance"].tolist() == [3.0, 1.0]
    assert "2 labels added" in capsys.readouterr().out
    label(folder, tmp_path, "--ignore", "--top", "300")
    shown = capsys.readouterr().out
    assert saved_labels(kept)["title"][0].split()[-1] in shown
    assert len(saved_labels(kept)) == 2


def answered(monkeypatch, *said):
    """The answer to a question that all of these were typed at, one after the other."""
    typed = iter(said)

    def given(_prompt):
        found = next(typed)
        if isinstance(found, str):
            return found
        raise found

    monkeypatch.setattr("builtins.input", given)
    return _answer()


@pytest.mark.parametrize("slip", ["12", "10", "2.5", "33", "3x", "sq", ""])
def test_a_slip_is_no_label(monkeypatch, slip):
    assert answered(monkeypatch, slip, " 2 ") == "2"


@pytest.mark.parametrize(("said", "meant"), [("Skip", "s"), ("quit", "q"), ("S", "s")])
def test_skip_and_quit_may_be_written_out(monkeypatch, said, meant):
    assert answered(monkeypatch, said) == meant


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), EOFError()])
def test_an_end_of_input_is_quit(monkeypatch, stop):
    assert answered(monkeypatch, stop) == "q"


@pytest.mark.slow
def test_the_effect_of_labels_is_a_curve(folder, tmp_path, capsys):
    label(folder, tmp_path, "--effect")
    shown = capsys.readouterr().out
    assert "the mean grade alone" in shown
    errors = [float(n) for n in re.findall(r"(\d\.\d+) \(", shown)]
    assert len(errors) == 5
    assert errors[-1] < float(re.findall(r"alone: (\d\.\d+)", shown)[0])


def test_too_few_labels_show_nothing(folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        label(folder, tmp_path, "--ignore", "--effect")
    assert "0 labels of 0 queries" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_the_task_shows_a_curve_for_each_way(tmp_path, folder):
    found = evaluate("labels", folder, folder_of_others(tmp_path), queries=40, base="tiny")
    for way in ("random", "active", "weak + active"):
        assert {"quality@2%", "quality@20%", "quality@40%"} <= set(found.figures[way])
    assert found.figures["all labels"]["rmse"].value < found.figures["mean grade"]["rmse"].value


def folder_of_others(tmp_path):
    rows = [
        (f"{maker} {thing}", f"{made} {held.title()}", 3.0 if held == thing else 1.0)
        for maker in ("iron", "jade", "knox", "lime", "moss")
        for thing in THINGS
        for made in (maker.title(), "Other")
        for held in THINGS[:4]
    ]
    (tmp_path / "others").mkdir()
    frame = pd.DataFrame(rows, columns=["search_term", "product_title", "relevance"])
    frame.to_csv(tmp_path / "others" / "rows.csv", index=False)
    return tmp_path / "others"


@pytest.mark.slow
def test_the_tuning_task_has_a_row_for_each_method(tmp_path, folder):
    made = tmp_path / "tiny.yml"
    from shoplake.runtime.settings import conf_dir

    text = (conf_dir() / "models" / "relevance.yml").read_text()
    made.write_text(text.replace("sentence-transformers/all-MiniLM-L6-v2", "tiny"))
    others = folder_of_others(tmp_path)
    options = {"methods": "lora,houlsby", "steps": 2, "model": str(made)}
    found = evaluate("tuning", folder, others, **options)
    assert set(found.figures) == {"mean grade", "BM25", "untouched", "lora", "houlsby"}
    assert (
        found.figures["lora"]["trainable_k"].value < found.figures["houlsby"]["trainable_k"].value
    )
    with pytest.raises(Exception, match="no method 'magic'"):
        evaluate("tuning", folder, others, methods="magic")
    with pytest.raises(Exception, match="has no --steps"):
        evaluate("labels", folder, others, steps=3)
