"""A few of the strange files of tests/fuzz/strange_files.py; its campaign makes thousands."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "fuzz"))
import strange_files  # noqa: E402


def test_strange_files_are_refused_or_taken(tmp_path):
    taken, _, _, kinds = strange_files.campaign(14, 1, tmp_path)
    assert taken < 14 and kinds > 4
