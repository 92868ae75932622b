"""moto as the AWS endpoint, quiet: `python -m totelake.stack.aws_endpoint PORT`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from totelake.stack.model import HOST


def make_server(port: int) -> Any:
    """A server for every AWS service that moto knows; port 0 takes a free one."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server as werkzeug_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return werkzeug_server(HOST, port, DomainDispatcherApplication(create_backend_app), threaded=True)


if __name__ == "__main__":
    make_server(int(sys.argv[1])).serve_forever()
