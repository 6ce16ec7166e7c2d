"""A journal that a killed recording left, read by the layout's page alone."""

import json
import os
import pathlib
import signal
import struct
import subprocess
import time

import journal_format

MJIRL = os.environ["MJIRL"]


def mjirl(*args, code=0):
    done = subprocess.run([MJIRL, *map(str, args), "--json"], capture_output=True, text=True)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return json.loads(done.stdout) if code == 0 else done.stderr


def recorded(folder):
    """The bytes of a journal of a few episodes, cut where a kill left it."""
    driver = pathlib.Path(os.environ["MJIRL"]).parent.parent / "tests/crash/crash_record_driver"
    for attempt in range(20):
        with subprocess.Popen([driver, folder, str(1000 * attempt), "500"],
                              stdout=subprocess.DEVNULL) as process:
            time.sleep(0.2 + 0.01 * attempt)
            process.send_signal(signal.SIGKILL)
        journal = folder / "recording.journal"
        if journal.exists() and journal.stat().st_size > 20000:
            return journal.read_bytes()
    raise AssertionError("no journal was left in 20 attempts")


def test_a_killed_recording_can_be_read(tmp_path):
    head, texts, episodes = journal_format.read(recorded(tmp_path))
    nx, nu, nz, nstate = head[5:9]
    assert head[:2] == (1, 0x01020304) and texts[0] == "inverted_pendulum"
    assert texts[1].startswith("{") and "<mujoco" in texts[2] and '"machine"' in texts[3]
    assert list(episodes) == list(range(len(episodes)))
    steps = [step for episode in episodes.values() for step in episode["steps"]]
    assert steps
    for payload in steps:
        assert len(payload) == 40 + 8 * (2 * nu + nz + nx + nstate)
        raw, applied = struct.unpack_from(f"<{nu}d", payload, 40), struct.unpack_from(
            f"<{nu}d", payload, 40 + 8 * nu)
        assert all(abs(b) <= abs(a) for a, b in zip(raw, applied))
        assert struct.unpack_from("<q", payload, 8)[0] > 1.6e18
    assert all(e.get("label") == "made up" for e in list(episodes.values())[:-1] if e["ended"])


def test_a_killed_recording_is_folded_in_by_a_command(tmp_path):
    _, _, episodes = journal_format.read(recorded(tmp_path))
    left = [e for e in episodes.values() if e["steps"] and not e.get("discarded") and e.get("kept", True)]
    before = mjirl("demos", "info", tmp_path)["episodes"] if (tmp_path / "data").exists() else 0
    for change in (["delete", tmp_path, "--episodes", "0-0"], ["undo", tmp_path],
                   ["filter", tmp_path, "--where", "length>1", "--out", tmp_path / "new"],
                   ["merge", tmp_path, "--out", tmp_path / "new"]):
        assert f"mjirl demos fold {tmp_path}" in mjirl("demos", *change, code=1)
    result = mjirl("demos", "fold", tmp_path)
    assert result["episodes"] == before + result["added"] and not result["damaged"]
    # Killed between the dataset's rename and the journal's removal, the episodes stand in both, and
    # are not taken twice.
    assert result["added"] == len(left) or (result["added"] == 0 and before >= len(left))
    if result["added"] > 0:
        assert result["incomplete"] == sum(not e["ended"] for e in left)
    assert not (tmp_path / "recording.journal").exists()
    assert mjirl("demos", "info", tmp_path)["episodes"] == result["episodes"]
    again = mjirl("demos", "fold", tmp_path)
    assert again["added"] == 0 and again["episodes"] == result["episodes"]
    (tmp_path / "empty").mkdir()
    assert "no dataset" in mjirl("demos", "fold", tmp_path / "empty", code=1)


def test_seeds_of_the_fuzzer_are_what_this_module_writes():
    corpus = pathlib.Path(__file__).parent.parent / "fuzz/corpus/journal"
    for name, data in journal_format.seeds():
        if len(data) < 1 << 16:
            assert (corpus / name).read_bytes() == data, name


def test_what_is_written_is_read_back():
    journal = journal_format.Journal().begin(0).step(0, 0).step(0, 1).rewind(0, 1).end(0, 1)
    _, texts, episodes = journal_format.read(journal.discard(0).bytes)
    assert texts == ["t", "{}", "<m/>", "{}", "4"]
    assert len(episodes[0]["steps"]) == 1 and episodes[0]["discarded"] and episodes[0]["ended"]
