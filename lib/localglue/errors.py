"""The errors that localglue returns: Glue's error codes, each with one clear sentence.

Where Glue's own words are known, from what users quote of it, they come first, and the sentence after them.
"""

from __future__ import annotations

from collections.abc import Mapping

from localapi.errors import ApiError

_NOT_FOUND: Mapping[str, str] = {
    "job": "Job with name: {name} not found.",
    "crawler": "Crawler entry with name {name} does not exist",
    "workflow": "Entity not found",
    "run of workflow": "Entity not found",
    "security configuration": "SecurityConfiguration {name} not found",
    "version of table": "Version not found.",
}


def with_hint(words: str, hint: str) -> str:
    """Glue's own words, and what localglue adds to them."""
    return f"{words} (localglue: {hint})"


class GlueError(ApiError):
    """An error of the Glue API. The class has its code; the message says what, where and what to do."""

    code = "InternalServiceException"


class InvalidInput(GlueError):
    """The request has the right shape, but its content is not valid."""

    code = "InvalidInputException"


class EntityNotFound(GlueError):
    """The request names something that does not exist."""

    code = "EntityNotFoundException"

    def __init__(self, kind: str, name: str, of: str = "") -> None:
        hint = f"{kind} {f'{of} ' if of else ''}{name} does not exist; create it first, or check its name"
        words = _NOT_FOUND.get(kind)
        super().__init__(with_hint(words.format(name=name), hint) if words else hint)


class AlreadyExists(GlueError):
    """The request creates something that exists already."""

    code = "AlreadyExistsException"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name} already exists; update or delete it, or choose another name")


class ConcurrentRunsExceeded(GlueError):
    """The limit of concurrent runs is reached."""

    code = "ConcurrentRunsExceededException"

    def __init__(self, kind: str, name: str, limit: int) -> None:
        noun = "run" if limit == 1 else "runs"
        hint = f"{kind} {name} allows {limit} concurrent {noun}; wait until one has ended, or stop it"
        super().__init__(with_hint(f"Concurrent runs exceeded for {name}", hint))


class ConcurrentModification(GlueError):
    """Another client has changed the table since this one read it."""

    code = "ConcurrentModificationException"


class IllegalWorkflowState(GlueError):
    """The state of the workflow run does not allow this."""

    code = "IllegalWorkflowStateException"


class CrawlerRunning(GlueError):
    """The crawler is running already."""

    code = "CrawlerRunningException"

    def __init__(self, name: str) -> None:
        hint = f"crawler {name} is running; wait until it is READY, or stop it"
        super().__init__(with_hint(f"Crawler with name {name} has already started", hint))


class CrawlerStopping(GlueError):
    """The crawler is being stopped already."""

    code = "CrawlerStoppingException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} is already stopping; wait until it is READY")


class CrawlerNotRunning(GlueError):
    """The crawler has no crawl to stop."""

    code = "CrawlerNotRunningException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} is not running, so there is nothing to stop")


class EndpointUnreachable(GlueError):
    """The AWS endpoint behind localglue does not answer."""

    code = "InternalServiceException"
    status = 500

    def __init__(self, endpoint: str, problem: object) -> None:
        super().__init__(f"the AWS endpoint {endpoint} does not answer ({problem}); check that it is up")
