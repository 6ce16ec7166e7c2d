"""What scripts/make-experts.py counts of a search that was stopped and resumed."""
import importlib.util
import os
import pathlib

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts/make-experts.py"


def load():
    spec = importlib.util.spec_from_file_location("make_experts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_seconds_of_stopped_calls_count_until_the_last_save(tmp_path, monkeypatch):
    experts = load()
    state = str(tmp_path / "swimmer-0.search")
    clock = [1000.0]
    monkeypatch.setattr(experts.time, "time", lambda: clock[0])
    assert experts.note_start(state) == 0

    def stopped(seconds_saved, next_start):
        pathlib.Path(state).write_bytes(b"state")
        os.utime(state, (clock[0] + seconds_saved, clock[0] + seconds_saved))
        clock[0] = next_start
        return experts.note_start(state)

    assert stopped(40, 5000.0) == 40  # the pause does not count
    assert stopped(7, 9000.0) == 47
    os.remove(state)  # nothing was saved: the search begins anew
    assert experts.note_start(state) == 0
