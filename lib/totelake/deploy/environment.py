"""Deploy a release to an environment on AWS by Terraform; a desk and the delivery pipeline run the same.

python -m totelake.deploy.environment build FOLDER          build once, into a folder
python -m totelake.deploy.environment deploy ENV [...]      publish it under its content hash, then apply Terraform
python -m totelake.deploy.environment destroy ENV [...]     tear it down, with its data or without
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess  # nosec B404 # git is a program
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from totelake.deploy.deploy import upload
from totelake.deploy.published import DOCUMENT, Published, save, saved
from totelake.deploy.release import Release, build, checkout
from totelake.deploy.teardown import tear_down
from totelake.deploy.terraform import Terraform
from totelake.doctor.finding import refuse
from totelake.doctor.rounds import before_make_deploy
from totelake.errors import ConfigurationError, TotelakeError
from totelake.ports.aws_errors import translation_of
from totelake.ports.s3 import S3Store
from totelake.runtime.clients import Clients
from totelake.stack.interrupts import SIGNALLED, ending_as_ctrl_c

VARIABLES = "release.auto.tfvars.json"
_BUCKET = "artifacts_bucket"
_STORAGE = "module.storage"
_OFFER = (
    "before the first run: `totelake canary --target aws` tries what the jobs will rely on, once the secrets have "
    "their values (docs/canary.md)"
)
_PROGRAM = "python -m totelake.deploy.environment"


def deploy(
    terraform: Terraform,
    s3: Any,
    release: tuple[Release, Published] | str,
    head: str,
    is_agreed: bool,
    say: Callable[[str], None] = print,
    is_adopting: bool = False,
) -> Published:
    """Publish a release that is at hand, or take an earlier one by its hash, and apply Terraform with it.

    With `is_adopting` it takes over the buckets, the key, the secrets and the databases that a tear-down kept.
    """
    options = ["-var=adopt=true"] if is_adopting else []
    terraform.init()
    bucket = terraform.outputs().get(_BUCKET)
    if isinstance(release, str):
        published = _earlier(s3, bucket, release)
        _check_commit(published, head)
    else:
        files, published = release
        if bucket is None:
            say("the first deployment: the buckets come before what goes into them")
            _write_variables(terraform, published)
            terraform.apply(is_agreed, *options, f"-target={_STORAGE}")
        _publish(s3, terraform.outputs()[_BUCKET], files, published, say)
    _write_variables(terraform, published)
    terraform.apply(is_agreed, *options)
    say(f"deployed {published.id}, built from commit {published.commit or 'unknown'}")
    return published


def _publish(s3: Any, bucket: str, release: Release, published: Published, say: Callable[[str], None]) -> None:
    say(f"release {published.id}: {upload(s3, bucket, release).outcome}")
    S3Store(s3, bucket).create(f"releases/{published.id}/{DOCUMENT}", published.to_json())


def _write_variables(terraform: Terraform, published: Published) -> None:
    (terraform.folder / VARIABLES).write_text(json.dumps(published.variables(), indent=1), encoding="utf-8")


def _earlier(s3: Any, bucket: str | None, release_id: str) -> Published:
    """A release that was published before. Raises ConfigurationError when it was not."""
    unknown = ConfigurationError(f"no release {release_id} was deployed to this environment; take one from its history")
    if bucket is None:
        raise unknown
    key = f"releases/{release_id}/{DOCUMENT}"
    body = S3Store(s3, bucket).find(key)
    if body is None:
        raise unknown
    remedy = "bring back an earlier version of it, or take another release"
    return Published.from_json(body, f"s3://{bucket}/{key}", remedy)


def _check_commit(published: Published, head: str) -> None:
    """A release goes with the Terraform configuration of its own commit: arguments and jobs belong together."""
    if published.commit and head and published.commit != head:
        raise ConfigurationError(
            f"release {published.id} was built from commit {published.commit}, this checkout is at {head}; "
            f"run `git checkout {published.commit}` first"
        )


def head_of(root: Path) -> str:
    """The commit that is checked out; '' where there is no repository. Raises ConfigurationError with git's words."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return ""
    done = subprocess.run(  # nosec B603 # a fixed command, no shell
        [git, "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(f"git does not tell the commit of {root}: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit status."""
    given = _parser().parse_args(argv)
    signals: list[int] = []
    try:
        with ending_as_ctrl_c() as signals:
            _run(given)
            return 0
    except KeyboardInterrupt:
        print(f"{given.command}: interrupted; give the command again to go on", file=sys.stderr)  # noqa: T201
        return SIGNALLED + (signals[0] if signals else signal.SIGINT)
    except (TotelakeError, ClientError, BotoCoreError) as error:
        known = error if isinstance(error, TotelakeError) else translation_of(error)
        print(f"{given.command}: {known}", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description="Build releases and deploy them to environments.")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build the wheels and scripts once, into a folder")
    building.add_argument("folder", type=Path)
    deploying = commands.add_parser("deploy", help="publish a release and apply Terraform")
    deploying.add_argument("environment")
    deploying.add_argument("--from", dest="folder", type=Path, help="a folder that `build` made; else it is built now")
    deploying.add_argument("--release", help="the hash of an earlier release: roll back to it")
    deploying.add_argument("--yes", action="store_true", help="do not ask before applying")
    deploying.add_argument("--adopt", action="store_true", help="take over what `destroy --keep-data` has kept")
    destroying = commands.add_parser("destroy", help="tear an environment down")
    destroying.add_argument("environment")
    data = destroying.add_mutually_exclusive_group(required=True)
    data.add_argument("--keep-data", action="store_true", help="keep buckets, key, secrets and the Data Catalog")
    data.add_argument("--delete-data", action="store_true", help="delete all of it, for good")
    destroying.add_argument("--confirm", metavar="NAME", help="the deployment's name; else it is asked for")
    destroying.add_argument("--yes", action="store_true", help="do not ask before destroying")
    return parser


def _run(given: argparse.Namespace) -> None:
    root = checkout()
    if given.command == "destroy":
        terraform = Terraform(root / "terraform", given.environment)
        agree = partial(agreed, given.confirm)
        tear_down(terraform, Clients.from_environment(), given.keep_data, agree, given.yes)
        return
    head = head_of(root)
    if given.command == "build":
        made = build(root)
        save(made, head, given.folder)
        print(made.id)  # noqa: T201
        return
    release: tuple[Release, Published] | str = given.release or _at_hand(given.folder, root, head)
    terraform, clients = Terraform(root / "terraform", given.environment), Clients.from_environment()
    refuse(before_make_deploy(clients), lambda line: print(line, file=sys.stderr))  # noqa: T201
    deploy(terraform, clients.s3, release, head, given.yes, is_adopting=given.adopt)
    offer_canary(clients.glue, terraform.outputs().get("refresh_workflows", {}).values())


def offer_canary(glue: Any, workflows: Iterable[str], say: Callable[[str], None] = print) -> None:
    """Tell of the canary before the first run; also where nobody may ask whether there was one."""
    try:
        has_run = any(glue.get_workflow_runs(Name=name, MaxResults=1)["Runs"] for name in workflows)
    except (ClientError, BotoCoreError) as error:
        say(f"the deployment is done, but whether anything has run is not known: {translation_of(error)}")
        has_run = False
    if not has_run:
        say(_OFFER)


def agreed(typed: str | None, name: str) -> None:
    """Raises ConfigurationError unless the deployment's name was typed."""
    if typed is None:
        print(f"This destroys the deployment {name}. Type its name to go on:", file=sys.stderr)  # noqa: T201
        typed = sys.stdin.readline().strip()
    if typed != name:
        raise ConfigurationError(f"'{typed}' is not {name}, the deployment's name; nothing was destroyed")


def _at_hand(folder: Path | None, root: Path, head: str) -> tuple[Release, Published]:
    if folder is not None:
        return saved(folder)
    release = build(root)
    return release, Published.of(release, head)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
