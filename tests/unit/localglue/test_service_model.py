"""Requests against the service model."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from localapi.errors import InvalidShape, UnknownOperation
from localapi.service_model import ServiceModel, without_nulls

MODEL = ServiceModel(botocore.session.get_session().get_service_model("glue"), "AWSGlue.", "ValidationException")
JOB = {"Name": "job", "Role": "role", "Command": {"Name": "pythonshell", "PythonVersion": "3.9"}}


@pytest.mark.parametrize(
    ("operation", "request_", "problem"),
    [
        (
            "CreateJob",
            {"Name": "job", "Command": {}},
            "Value null at 'Role' failed to satisfy constraint: Member must not be null",
        ),
        ("CreateJob", {**JOB, "Name": ""}, "Member must have length greater than or equal to 1"),
        ("CreateJob", {**JOB, "Name": "x" * 256}, "Member must have length less than or equal to 255"),
        ("CreateJob", {**JOB, "Name": 7}, "'Name' must be of type string, and is int"),
        ("CreateJob", {**JOB, "MaxRetries": True}, "'MaxRetries' must be of type integer, and is bool"),
        (
            "CreateJob",
            {**JOB, "Timeout": 0},
            "Value '0' at 'Timeout' failed to satisfy constraint: Member must have value",
        ),
        (
            "CreateJob",
            {**JOB, "Colour": "red"},
            "'Colour' is not a member of CreateJobRequest; it has AllocatedCapacity",
        ),
        ("CreateJob", {**JOB, "WorkerType": "G.3X"}, "Member must satisfy enum value set: [Standard, G.1X"),
        (
            "CreateJob",
            {**JOB, "Command": {"PythonVersion": "3.11"}},
            "Value '3.11' at 'Command.PythonVersion' failed to satisfy constraint: Member must satisfy regular",
        ),
        ("CreateJob", {**JOB, "DefaultArguments": {"--a": 1}}, "'DefaultArguments.--a' must be of type string"),
        ("BatchGetJobs", {"JobNames": ["a", ""]}, "Value '' at 'JobNames.2.member' failed"),
        ("GetJobRuns", {"JobName": "a", "MaxResults": 9999}, "Member must have value less than or equal to"),
        ("GetJob", {"JobName": "a\u0000"}, "Member must satisfy regular expression pattern"),
    ],
)
def test_a_request_that_does_not_fit_the_model_is_an_error(operation: str, request_: Any, problem: str) -> None:
    with pytest.raises(InvalidShape) as failed:
        MODEL.validate(operation, request_)
    assert problem in failed.value.message
    assert failed.value.message.startswith("1 validation error detected")


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(InvalidShape, match="3 validation errors detected: .*'Name'.*'Role'.*'Command'"):
        MODEL.validate("CreateJob", {})


def test_a_valid_request_passes_without_its_nulls() -> None:
    request = {
        **JOB,
        "Description": None,
        "DefaultArguments": {"--emoji": "\U0001f600"},
        "Connections": {"Connections": []},
    }
    assert MODEL.validate("CreateJob", request) == {name: value for name, value in request.items() if value is not None}
    assert without_nulls([{"a": None}, None]) == [{}, None]


def test_characters_beyond_the_basic_plane_may_be_in_names() -> None:
    assert MODEL.validate("GetJob", {"JobName": "job \U0001f600"})


def test_an_answer_has_nothing_that_the_model_does_not_have() -> None:
    run = {"Id": "jr_1", "Pid": 7, "ErrorMessage": None, "PredecessorRuns": [{"JobName": "a", "Colour": "red"}]}
    assert MODEL.render("GetJobRun", {"JobRun": {**run, "Arguments": {"--a": "1"}}, "Other": 1}) == {
        "JobRun": {"Id": "jr_1", "PredecessorRuns": [{"JobName": "a"}], "Arguments": {"--a": "1"}}
    }


def test_an_operation_that_glue_does_not_have_is_unknown() -> None:
    with pytest.raises(UnknownOperation, match="'MakeCoffee' is no operation here"):
        MODEL.validate("MakeCoffee", {})
