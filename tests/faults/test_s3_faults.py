"""S3 that fails, answers late or not at all: a job succeeds or says why not in a sentence, and nothing is doubled."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.network import BadDay, at_random, first_of_each, is_conditional
from tests.faults.world import JOBS, World
from tests.integration.star.samples import SPARK

pytestmark = SPARK
SENTENCE = re.compile(r"RetriableError: [^\n]+; [^\n;]*run the job again")


def disturbed(world: World, job: str, day: BadDay) -> str:
    """One run on that day; the sentence with which it failed, '' when it succeeded."""
    try:
        with day.over(world.job_clients.s3):
            world.run(job)
    except SystemExit as failure:
        return str(failure)
    return ""


def test_faults_that_the_sdk_retries_do_no_harm_and_are_not_seen(world: World) -> None:
    given: Counter[str] = Counter()
    batch = world.newest() + 1
    world.edit()
    for job in JOBS:
        day = BadDay(first_of_each("500", lambda *_: True))
        assert disturbed(world, job, day) == ""
        given += day.given
    assert given["500"] > 20
    assert world.settle() == {}
    assert world.newest() == batch


def is_milestone(request: Any) -> bool:
    """Whether it is for a log's milestone, which every so many commits have one."""
    return "/-" in urlsplit(request.url).path


@pytest.mark.parametrize("fault", ["lost with 500", "lost in silence", "409"])
def test_a_commit_whose_first_answer_is_lost_or_a_conflict_is_made_once(world: World, fault: str) -> None:
    batch = world.newest() + 1
    world.edit()
    commits = 0
    for job in JOBS:
        day = BadDay(first_of_each(fault, lambda _, request: is_conditional(request) and not is_milestone(request)))
        assert disturbed(world, job, day) == ""
        commits += day.given[fault]
    assert commits == 14, "one for the source, the verdicts, each star table, and what the load has taken"
    assert world.settle() == {}
    assert world.newest() == batch


def test_jobs_on_bad_days_succeed_or_fail_with_a_sentence_and_the_next_run_makes_it_good(
    world: World, soak: int
) -> None:
    given: Counter[str] = Counter()
    outcomes: Counter[bool] = Counter()
    for seed in range(max(4, soak)):
        batch = world.newest() + 1
        world.edit()
        for job in JOBS:
            day = BadDay(at_random(f"{seed} {job}", rate=0.1, longest=9))
            sentence = disturbed(world, job, day)
            assert not sentence or SENTENCE.fullmatch(sentence), sentence
            outcomes[bool(sentence)] += 1
            given += day.given
        world.chain(JOBS[:2])
        world.history.add(batch)
        assert world.newest() == batch
    assert world.settle() == {}
    assert len(given) >= 6 and min(outcomes[True], outcomes[False]) >= 3, (given, outcomes)
