"""The alerts' mail on one machine: what is published to the topic lands in a folder, one file for each mail."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from localgate.keys import Keys
from localgate.wsgi import Application, StartResponse
from totelake.stack.model import ALERTS, OUTBOX, Stack

_RECIPIENT = "operations@localhost"


def subscribe(sns: Any, stack: Stack) -> None:
    """Create the topic and subscribe the outbox, as Terraform subscribes an address on AWS."""
    topic = sns.create_topic(Name=ALERTS)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=stack.aws_endpoint + path_of(stack.keys))


def path_of(keys: Keys) -> str:
    """Where the topic delivers. SNS signs with no key of ours, so the path has a word that only the stack knows."""
    return f"/totelake-outbox/{keys.token(OUTBOX)}"


def receiving(application: Application, folder: Path, keys: Keys) -> Application:
    """The application, which takes the topic's deliveries itself and writes each as a mail."""

    path = path_of(keys).encode()

    def answer(request: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not hmac.compare_digest(request["PATH_INFO"].encode(), path):
            return application(request, start_response)
        notification = json.loads(request["wsgi.input"].read(int(request["CONTENT_LENGTH"])))
        write(folder, notification)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    return answer


def write(folder: Path, notification: Mapping[str, Any]) -> Path:
    """Write one notification of SNS as a mail; its file, whose name sorts by time."""
    sent = datetime.fromisoformat(notification["Timestamp"].replace("Z", "+00:00"))
    mail = EmailMessage()
    mail["From"], mail["To"] = "totelake alerts <no-reply@localhost>", _RECIPIENT
    mail["Subject"], mail["Date"] = notification["Subject"], format_datetime(sent)
    mail["Message-ID"] = f"<{notification['MessageId']}@localhost>"
    mail.set_content(notification["Message"])
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{sent.strftime('%Y%m%dT%H%M%S')}-{notification['MessageId']}.eml"
    partial, final = folder / f".{name}", folder / name
    partial.write_bytes(bytes(mail))
    partial.rename(final)
    return final
