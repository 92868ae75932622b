"""The store."""

from __future__ import annotations

from pathlib import Path

from localglue.store import Store


def test_state_survives_and_runs_are_found_by_owner_parent_and_state(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "state.sqlite")
    store.put("job", "b", {"n": 1})
    store.put("job", "a", {"n": 2})
    for number in range(3):
        store.add_run("job_run", f"r{number}", "b", "w" if number else None, "RUNNING", {"n": number})
    store.save_run("job_run", "r2", "FAILED", {"n": 20})
    store.close()

    store = Store(tmp_path / "deep" / "state.sqlite")
    assert store.all("job") == [{"n": 2}, {"n": 1}]
    assert store.runs_of("job_run", "b") == [{"n": 20}, {"n": 1}, {"n": 0}]
    assert store.runs_of("job_run", "b", 1, 1) == [{"n": 1}]
    assert store.runs_in("job_run", "w") == [{"n": 1}, {"n": 20}]
    assert store.runs_in_states("job_run", ("RUNNING", "STOPPING")) == [{"n": 0}, {"n": 1}]
    assert store.runs_in_states("job_run", ("RUNNING",), "a") == []
    store.delete("job", "a")
    assert (store.get("job", "a"), store.run("job_run", "r9")) == (None, None)
    store.close()
