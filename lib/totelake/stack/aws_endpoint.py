"""moto as the AWS endpoint, quiet: `python -m totelake.stack.aws_endpoint PORT [OUTBOX]`."""

from __future__ import annotations

import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any

from totelake.stack.model import HOST
from totelake.stack.outbox import receiving


def make_server(port: int, outbox: Path | None = None) -> Any:
    """A server for every AWS service that moto knows, which takes the alerts' mail when there is a folder for it.

    Port 0 takes a free one.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server as werkzeug_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application: Any = DomainDispatcherApplication(create_backend_app)
    # for every request moto looks through the folders of its package, which takes longer than most answers
    application.get_backend_for_host = cache(application.get_backend_for_host)
    if outbox is not None:
        application = receiving(application, outbox)
    return werkzeug_server(HOST, port, application, threaded=True)


if __name__ == "__main__":
    make_server(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None).serve_forever()
