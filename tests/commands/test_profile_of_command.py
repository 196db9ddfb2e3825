"""`shoplake profile-of` on a lake written here, without Spark."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.cli import main

ANN, BOB = "a" * 32, "b" * 32
AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    shares, counts = pa.map_(pa.string(), pa.float64()), pa.map_(pa.string(), pa.int64())
    at = pa.array([AS_OF], pa.timestamp("us", "UTC"))
    profile = {
        "person_key": [ANN],
        "as_of": at,
        "orders": [7],
        "items": [5],
        "spend": [120.5],
        "lifecycle_stage": ["loyal"],
        "active_days": [6],
        "rhythm_days": [4.0],
        "category_affinity": pa.array([[("Mugs <big>", 0.75), ("Rugs", 0.25)]], shares),
        "category_evidence": pa.array([[("Mugs <big>", 9), ("Rugs", 3)]], counts),
        "active_hours": pa.array([[0] * 20 + [12] + [0] * 3], pa.list_(pa.int32())),
        "behaviour_segment": ["frequent evening buyers of Mugs"],
        "segment_people": [14],
    }
    recommended = {
        "person_key": [ANN],
        "as_of": at,
        "rank": [1],
        "product_id": ["s:1"],
        "product_name": ["Copper lantern"],
        "score": [1.0],
        "reason": ["similar to Lamp"],
        "model_name": ["two_tower"],
        "model_version": ["3"],
        "is_fallback": [False],
    }
    write_deltalake(str(root / "gold" / "user_profiles"), pa.table(profile))
    write_deltalake(str(root / "gold" / "recommendations"), pa.table(recommended))
    return root


def test_a_profile_is_shown_with_its_evidence(lake: Path, capsys: pytest.CaptureFixture) -> None:
    main(["profile-of", ANN, "--lake", str(lake)])
    said = capsys.readouterr().out
    assert "loyal" in said
    assert "6 active days" in said
    assert "14 people" in said
    assert "Copper lantern" in said
    assert "similar to Lamp" in said


def test_the_page_stands_alone_and_escapes_what_the_shop_wrote(lake: Path, tmp_path: Path) -> None:
    main(["profile-of", ANN, "--lake", str(lake), "--html", str(tmp_path / "page.html")])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Mugs &lt;big&gt;" in page
    assert "<big>" not in page
    assert "http" not in page
    assert "<script" not in page
    assert "20:00, 12 interactions" in page


def test_a_role_is_told_what_it_does_not_see(lake: Path, capsys: pytest.CaptureFixture) -> None:
    main(["profile-of", ANN, "--lake", str(lake), "--as", "support"])
    said = capsys.readouterr().out
    assert "Copper lantern" in said
    assert "loyal" not in said
    assert "not for role support" in said


@pytest.mark.parametrize(("who", "role"), [(ANN, "analyst"), (BOB, None)])
def test_nobody_to_show_is_an_error(
    lake: Path, capsys: pytest.CaptureFixture, who: str, role: str | None
) -> None:
    with pytest.raises(SystemExit):
        main(["profile-of", who, "--lake", str(lake), *(["--as", role] if role else [])])
    assert "remedy" in capsys.readouterr().out
