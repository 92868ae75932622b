"""What makes one incident, one cause and one message."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SOURCE
from totelake.alerts.catalog_messages import apart_alert, changed_alert, taken_up_alert
from totelake.alerts.drift_messages import drift_alert
from totelake.alerts.hold_messages import held_alert, released_alert
from totelake.alerts.model import Alert, Message, NewestIncident, in_order, is_due, message, oldest_first
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.lake.records.holds import Hold
from totelake.lake.records.verdict import BLOCKED, TableReport

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def ago(minutes: int) -> datetime:
    return NOON - timedelta(minutes=minutes)


def alert(subject: str = "3 rows of fact_payment wait in quarantine", key: str = "7", cause: str = "") -> Alert:
    return Alert("quarantine", subject, "body", key, cause)


def test_an_incident_is_its_kind_and_key_whatever_it_says() -> None:
    assert alert("a").id == alert("b").id
    assert len({alert().id, alert(key="8").id, Alert("job", "a", "b", "7").id}) == 3


def test_numbers_and_ids_do_not_make_another_cause() -> None:
    assert alert().cause_id == alert("12 rows of fact_payment wait in quarantine").cause_id
    assert alert(cause="run wr_ab12 died").cause_id == alert(cause="run wr_cd34 died").cause_id
    assert alert().cause_id != alert("3 rows of fact_sales_order wait in quarantine").cause_id


def test_one_incident_is_sent_as_it_is() -> None:
    assert message("s", "b", 1, "") == Message("s", "s\n\nb", 1)


def test_several_incidents_of_one_cause_are_counted() -> None:
    sent = message("s", "b", 6, "2026-11-24T11:00:00+00:00")
    assert sent == Message("6 x s", "s\nIt happened 6 times since 2026-11-24 11:00 UTC; this is the newest.\n\nb", 6)


def test_a_subject_is_what_sns_takes() -> None:
    sent = message("größe\n\tzu " + "x" * 200, "b", 1, "")
    assert sent.subject == "gr??e zu " + "x" * 87 + "..."
    assert len(sent.subject) == 99


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("letter", ["x", "ß", "漢", "\x1b"])
def test_a_text_that_is_longer_than_a_topic_takes_is_cut_and_says_so(letter: str, count: int) -> None:
    sent = message("s", letter * 300_000, count, "2026-11-24T11:00:00+00:00")
    assert len(sent.text.encode("utf-8")) < 256 * 1024 - 1000
    head, _, rest = sent.text.rpartition("\n\n")
    assert head.startswith("s\n") and "\ufffd" not in head and len(head.encode("utf-8")) > 100 * 1024
    assert rest.startswith("The rest of ") and rest.endswith(
        " bytes is left out here: the incident below _alerts/ in the ingestion bucket has all of it."
    )


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("data", ["\x1b[2J", "\x9b31m", "\u202ex", "a\rb", "\x00", "\u2028", "\ud800"])
def test_nothing_in_a_mail_acts_on_a_terminal(data: str, count: int) -> None:
    sent = message(f"s {data}", f"one\n\ttwo {data}", count, "2026-11-24T11:00:00+00:00")
    assert data not in sent.text + sent.subject
    assert sent.text.split("\n")[-1] == f"        two {data.encode('unicode_escape').decode()}"
    assert [c for c in sent.subject if not " " <= c <= "~"] == []


def test_the_first_of_a_cause_is_due_at_once_and_what_follows_within_the_hour_waits() -> None:
    assert [is_due(cause, {"a": ago(39), "c": ago(60)}, NOON) for cause in "abc"] == [False, True, True]


def test_incidents_of_a_cause_go_together_the_oldest_first() -> None:
    assert oldest_first({"3": ago(10), "2": ago(20), "1": ago(10)}) == ["2", "1", "3"]


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.builds(NewestIncident, st.sampled_from("1234"), st.sampled_from(["", "x", "y"]))
    ),
    st.sets(st.sampled_from("abcdef")),
)
def test_no_message_about_a_table_overtakes_another(newest: dict[str, NewestIncident], some: set[str]) -> None:
    ready = some & set(newest)
    order = in_order(ready, newest)
    assert [newest[cause].at for cause in order] == sorted(newest[cause].at for cause in order)
    assert ready <= set(order)
    for cause in set(newest) - set(order):
        # what waits is of later, or of something else, than all that is sent
        found = newest[cause]
        assert not any(found.about and newest[one].about == found.about and newest[one].at > found.at for one in order)
    for cause in set(order) - ready:
        assert any(newest[one].about == newest[cause].about and newest[one].at > newest[cause].at for one in ready)


DESIGN = load_contracts().table(TableId(SOURCE, "design"))
HOLD = Hold(7, "no", "", "2026-11-24T10:00:00+00:00")
TURNS = {
    "held and released": (held_alert("dim_design", "build", HOLD, ()), released_alert("dim_design", "build", HOLD)),
    "left apart and taken up": (
        apart_alert(DESIGN.id, "lake.design", "1", "no"),
        taken_up_alert(DESIGN.id, "lake.design", "1"),
    ),
    "changed and left apart": (
        changed_alert(DESIGN.id, "lake.design", "1", ["it is a view"]),
        apart_alert(DESIGN.id, "lake.design", "1", "no"),
    ),
    "left apart and blocked": (
        apart_alert(DESIGN.id, "lake.design", "1", "no"),
        drift_alert(DESIGN, TableReport("design", 8, BLOCKED, ()), (), 3),
    ),
}


@pytest.mark.parametrize("turn", TURNS)
def test_what_became_of_a_table_is_not_told_before_what_was_of_it(turn: str) -> None:
    newest = {each.cause_id: NewestIncident(str(at), each.about) for at, each in enumerate(TURNS[turn])}
    was, became = newest
    assert in_order([became], newest) == [was, became]
    assert in_order([was], newest) == [was]
