import pytest

from shoplake.ingest.globs import glob_pattern


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "day/a.csv", False),
        ("**/*.csv", "a.csv", True),
        ("**/*.csv", "2024/01/a.csv", True),
        ("day=*/x.csv", "day=2024-01-01/x.csv", True),
        ("a?.csv", "a1.csv", True),
        ("a?.csv", "a/.csv", False),
        ("[0-9]*.csv", "2a.csv", True),
        ("[!0-9]*.csv", "2a.csv", False),
        ("a.csv", "abcsv", False),
        ("a+(1).csv", "a+(1).csv", True),
    ],
)
def test_a_glob_matches_whole_relative_paths(glob: str, path: str, matches: bool) -> None:
    assert bool(glob_pattern(glob).fullmatch(path)) is matches
