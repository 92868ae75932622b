"""Releases to an environment, with a stand-in for terraform that notes what it is asked, and the real S3 protocol."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from totelake.deploy.environment import deploy, head_of, main
from totelake.deploy.published import Published, save, saved
from totelake.deploy.release import Release
from totelake.deploy.terraform import Terraform
from totelake.errors import ConfigurationError
from totelake.runtime import Clients

pytestmark = pytest.mark.integration
STAND_IN = """#!/bin/sh
echo "$TF_DATA_DIR ${@}" >> "$TERRAFORM_CALLS"
case "$2" in
  output) grep -q " apply" "$TERRAFORM_CALLS" && echo '{"artifacts_bucket": {"value": "'$BUCKET'"}}' || echo '{}';;
  apply) exit "${TERRAFORM_STATUS:-0}";;
esac
"""
RELEASE = Release(
    {"glue_jobs/a.py": b"pass", "t.whl": b"wheel", "l.whl": b"library", "c.whl": b"so", "j-1.jar": b"java"},
    "t.whl",
    ("l.whl",),
    ("c.whl",),
    ("j-1.jar",),
)
KNOWN = Published.of(RELEASE, "c0ffee")


class Account:
    """A bucket, a folder of Terraform with the environment dev, and the calls that the stand-in noted."""

    def __init__(self, folder: Path) -> None:
        self.bucket = f"artifacts-{uuid.uuid4().hex[:12]}"
        self.s3 = Clients.from_environment().s3
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self.folder, self._calls = folder / "terraform", folder / "calls"
        (self.folder / "environments").mkdir(parents=True)
        for name in ("dev.tfvars", "dev.s3.tfbackend", "half.tfvars"):
            (self.folder / "environments" / name).touch()
        program = folder / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(STAND_IN, encoding="utf-8")
        program.chmod(0o755)
        self.environment = {"TERRAFORM_CALLS": str(self._calls), "BUCKET": self.bucket, "PATH": f"{program.parent}:"}

    def deploy(self, release: Any = (RELEASE, KNOWN), head: str = "c0ffee") -> list[str]:
        """Deploy to dev; what terraform was asked to do meanwhile."""
        before = len(self.calls())
        deploy(Terraform(self.folder, "dev"), self.s3, release, head, is_agreed=True, say=lambda _: None)
        return self.calls()[before:]

    def calls(self) -> list[str]:
        text = self._calls.read_text(encoding="utf-8") if self._calls.exists() else ""
        return [line.replace(f" -chdir={self.folder}", "") for line in text.splitlines()]

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def variables(self) -> Any:
        return json.loads((self.folder / "release.auto.tfvars.json").read_text(encoding="utf-8"))


@pytest.fixture
def account(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    found = Account(tmp_path)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value + os.environ["PATH"] if name == "PATH" else value)
    return found


def test_the_first_deployment_makes_the_buckets_publishes_and_applies(account: Account) -> None:
    agreed = "-var-file=environments/dev.tfvars -input=false -auto-approve"
    init = "init -input=false -reconfigure -backend-config=environments/dev.s3.tfbackend"
    assert account.deploy() == [
        f".terraform-dev {words}"
        for words in (
            init, "output -json", f"apply {agreed} -target=module.storage", "output -json", f"apply {agreed}",
        )
    ]  # fmt: skip
    root = f"releases/{RELEASE.id}"
    assert account.keys() == [
        f"{root}/{name}" for name in ("c.whl", "glue_jobs/a.py", "j-1.jar", "l.whl", "release.json", "t.whl")
    ]
    wheels = {"wheel": "t.whl", "libraries": ["l.whl"], "compiled": ["c.whl"], "jars": ["j-1.jar"]}
    assert account.variables() == {"release": {"id": RELEASE.id, **wheels}}


def test_what_a_tear_down_kept_is_taken_over_by_both_applies(account: Account) -> None:
    deploy(Terraform(account.folder, "dev"), account.s3, (RELEASE, KNOWN), "c0ffee", True, lambda _: None, True)
    applies = [call for call in account.calls() if call.split()[1] == "apply"]
    assert [call.split()[5:] for call in applies] == [
        ["-var=adopt=true", "-target=module.storage"],
        ["-var=adopt=true"],
    ]


def test_an_earlier_release_is_taken_from_the_bucket_by_its_hash(account: Account) -> None:
    account.deploy()
    newer = Release({**RELEASE.files, "glue_jobs/a.py": b"raise"}, "t.whl", ("l.whl",))
    account.deploy((newer, Published.of(newer, "beef")), "beef")
    assert account.variables()["release"]["id"] == newer.id
    calls = account.deploy(RELEASE.id)
    assert [call.split()[1] for call in calls] == ["init", "output", "apply"]
    assert account.variables()["release"]["id"] == RELEASE.id


def test_a_release_goes_with_the_configuration_of_its_own_commit(account: Account) -> None:
    account.deploy()
    with pytest.raises(ConfigurationError, match="was built from commit c0ffee, this checkout is at beef; run `git ch"):
        account.deploy(RELEASE.id, head="beef")


def test_a_hash_that_was_never_deployed_is_refused(account: Account) -> None:
    account.deploy()
    with pytest.raises(ConfigurationError, match="no release 0123 was deployed to this environment"):
        account.deploy("0123")


def test_a_terraform_that_fails_fails_the_deployment(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRAFORM_STATUS", "1")
    with pytest.raises(ConfigurationError, match="terraform apply failed with 1"):
        account.deploy()
    assert account.keys() == []


def test_an_environment_that_is_not_there_is_named_with_those_that_are(account: Account) -> None:
    with pytest.raises(ConfigurationError, match="no environment live; terraform/environments has dev, half"):
        Terraform(account.folder, "live")
    with pytest.raises(ConfigurationError, match="half.s3.tfbackend is not there, so nobody knows where the state of"):
        Terraform(account.folder, "half")


def test_a_build_is_handed_on_in_a_folder_that_is_checked_when_it_is_read(tmp_path: Path) -> None:
    save(RELEASE, "c0ffee", tmp_path)
    assert saved(tmp_path) == (RELEASE, KNOWN)
    (tmp_path / "t.whl").write_bytes(b"another")
    with pytest.raises(ConfigurationError, match=f"says {RELEASE.id}; build it again"):
        saved(tmp_path)
    with pytest.raises(ConfigurationError, match="has no release.json; make it with `make release`"):
        saved(tmp_path / "empty")


def test_the_command_builds_a_release_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(tmp_path / "release")]) == 0
    release, published = saved(tmp_path / "release")
    assert capsys.readouterr().out.strip() == release.id == published.id
    assert published.commit == head_of(Path(__file__).parents[3])


def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "dev", "--from", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"deploy: {tmp_path} has no release.json; make it with `make release`\n"


@pytest.fixture
def checked_out(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A release at hand beside the account's Terraform; the words that deploy it."""
    monkeypatch.setattr("totelake.deploy.environment.checkout", lambda: tmp_path)
    save(RELEASE, "", tmp_path / "release")
    return ["deploy", "dev", "--from", str(tmp_path / "release"), "--yes"]


def test_what_would_get_in_the_way_is_told_before_it_is_deployed(
    account: Account, checked_out: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(checked_out) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "endpoint" in line]
    assert line.startswith("warning: endpoint: AWS_ENDPOINT_URL name http://127.0.0.1:")
    assert account.calls() != []


def test_a_problem_stops_a_deployment_before_it_asks_terraform(
    account: Account, checked_out: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert main(checked_out) == 1
    assert "deploy: profile: AWS_PROFILE names nowhere, and " in capsys.readouterr().err
    assert (account.calls(), account.keys()) == ([], [])
