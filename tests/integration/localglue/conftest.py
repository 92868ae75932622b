"""One AWS endpoint and one localglue for all tests of this package; each test has a bucket and names of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from localglue.footers import Footer, FooterReader
from localglue.objects import ListedObject
from tests.integration.localglue.bench import WITHIN, Bench, Service, bench_on, new_bucket, serve


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Do nothing: thousands of requests are no use in a report."""


@pytest.fixture(scope="package")
def endpoint() -> Iterator[str]:
    """moto as the AWS endpoint of these tests."""
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="package")
def service(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The localglue of these tests."""
    running = serve(endpoint, tmp_path_factory.mktemp("localglue"))
    yield running
    running.close()


@pytest.fixture(scope="package")
def shared_bench(endpoint: str, service: Service) -> Iterator[Bench]:
    """Clients of that localglue and its endpoint, made once: making them takes longer than most tests."""
    made = bench_on(endpoint, service)
    yield made
    for one in (made.glue, made.s3, made.logs):
        one.close()


@pytest.fixture
def bench(shared_bench: Bench) -> Bench:
    """The shared clients, with a bucket for this test."""
    return Bench(shared_bench.glue, shared_bench.s3, shared_bench.logs, new_bucket(shared_bench.s3))


@pytest.fixture
def may_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until this event is set, crawls wait before they read an object."""
    event, read = threading.Event(), FooterReader.read

    def wait_and_read(reader: FooterReader, bucket: str, item: ListedObject) -> Footer:
        assert event.wait(WITHIN)
        return read(reader, bucket, item)

    monkeypatch.setattr(FooterReader, "read", wait_and_read)
    yield event
    event.set()
