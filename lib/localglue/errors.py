"""What localglue answers when it cannot do what was asked: Glue's error codes, each with one clear sentence."""

from __future__ import annotations


class GlueError(Exception):
    """An error of the Glue API: its code is the class's, its message says what, where and what to do."""

    code = "InternalServiceException"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(GlueError):
    """The request is well formed and makes no sense."""

    code = "InvalidInputException"


class ValidationFailed(GlueError):
    """The request breaks the service model: a member is missing, unknown, of a wrong type, or out of bounds."""

    code = "ValidationException"

    def __init__(self, problems: list[str]) -> None:
        noun = "error" if len(problems) == 1 else "errors"
        super().__init__(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


class Unsupported(GlueError):
    """An operation of Glue that localglue does not have."""

    code = "UnsupportedOperationException"

    def __init__(self, operation: str) -> None:
        super().__init__(f"localglue does not support {operation}; nothing was done. Run this call against AWS instead")


class UnknownOperation(GlueError):
    """An operation that Glue does not have."""

    code = "UnknownOperationException"

    def __init__(self, target: str) -> None:
        super().__init__(f"'{target}' is no operation of AWS Glue; send the header X-Amz-Target: AWSGlue.<Operation>")


class EntityNotFound(GlueError):
    """What the request names does not exist."""

    code = "EntityNotFoundException"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name} does not exist; create it first, or check its name")


class AlreadyExists(GlueError):
    """What the request creates exists."""

    code = "AlreadyExistsException"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name} already exists; update or delete it, or choose another name")


class ConcurrentRunsExceeded(GlueError):
    """As many runs as are allowed are going on."""

    code = "ConcurrentRunsExceededException"

    def __init__(self, kind: str, name: str, limit: int) -> None:
        noun = "run" if limit == 1 else "runs"
        super().__init__(f"{kind} {name} allows {limit} concurrent {noun}; wait until one has ended, or stop it")


class ConcurrentModification(GlueError):
    """Somebody else has changed the thing since it was read."""

    code = "ConcurrentModificationException"


class IllegalWorkflowState(GlueError):
    """The workflow run is not in a state that allows this."""

    code = "IllegalWorkflowStateException"


class CrawlerRunning(GlueError):
    """The crawler runs already."""

    code = "CrawlerRunningException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} is running; wait until it is READY, or stop it")


class CrawlerStopping(GlueError):
    """The crawler is being stopped already."""

    code = "CrawlerStoppingException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} is stopping already; wait until it is READY")


class CrawlerNotRunning(GlueError):
    """There is no crawl to stop."""

    code = "CrawlerNotRunningException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} is not running, so there is nothing to stop")


class EndpointUnreachable(GlueError):
    """The AWS endpoint behind localglue does not answer."""

    code = "InternalServiceException"
    status = 500

    def __init__(self, endpoint: str, problem: object) -> None:
        super().__init__(f"the AWS endpoint {endpoint} does not answer ({problem}); check that it is up")
