"""The alerts' mail on one machine: what is published to the topic lands in a folder, one file for each mail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from totelake.stack.model import ALERTS, Stack

_PATH = "/totelake-outbox"
_RECIPIENT = "operations@localhost"
Application = Callable[[Mapping[str, Any], Callable[..., Any]], Iterable[bytes]]


def subscribe(sns: Any, stack: Stack) -> None:
    """Create the topic and subscribe the outbox, as Terraform subscribes an address on AWS."""
    topic = sns.create_topic(Name=ALERTS)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{stack.aws_endpoint}{_PATH}")


def receiving(application: Application, folder: Path) -> Application:
    """The application, which takes the topic's deliveries itself and writes each as a mail."""

    def answer(request: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if request["PATH_INFO"] != _PATH:
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
