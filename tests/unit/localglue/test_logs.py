"""Log lines for CloudWatch."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import EndpointConnectionError

from localglue.logs import LogShipper, batches


def test_log_lines_are_sent_within_cloudwatch_s_limits() -> None:
    assert [len(batch) for batch in batches([(1, "x")] * 25_000)] == [10_000, 10_000, 5_000]
    assert [len(batch) for batch in batches([(1, "x" * 250_000)] * 7)] == [3, 3, 1]
    assert [len(batch) for batch in batches([(1, "é" * 200_000)] * 3)] == [2, 1]
    assert list(batches([])) == []


def test_logs_that_cannot_be_sent_do_not_hold_up_the_run(caplog: Any) -> None:
    class Down:
        exceptions = type("Exceptions", (), {"ResourceAlreadyExistsException": KeyError})

        def create_log_group(self, **names: str) -> None:
            raise EndpointConnectionError(endpoint_url="http://nowhere")

        create_log_stream = create_log_group

    shipper = LogShipper(Down(), ["group"], "stream")
    for _ in range(60_000):
        shipper.write("group", "a line")
    shipper.close()
    assert "the log lines of stream cannot be sent to CloudWatch Logs" in caplog.text
