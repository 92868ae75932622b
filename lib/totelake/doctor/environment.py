"""The user's variables and files: which totelake puts aside, which it takes up, and what is wrong with those.

No value of a variable is shown, for it may be a secret; only paths and the address of an endpoint are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import botocore.session
from botocore.exceptions import ConfigParseError, ProfileNotFound

from totelake.doctor.finding import Finding, Look, examine, refused
from totelake.errors import ConfigurationError
from totelake.runtime.clients import is_on_this_machine
from totelake.runtime.outcome import WARNING, Result, ok, problem, warning
from totelake.stack.clean_environment import is_passed, is_put_aside
from totelake.stack.trust import trust_options

GROUP = "environment"
# what Java, Spark and its neighbours, and the clients of HTTP read
_OF_PROGRAMS = (
    "JAVA_", "JDK_JAVA_", "_JAVA_", "SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "HIVE_", "IVY_", "MOTO_", "CLASSPATH",
    "LD_PRELOAD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "BASH_ENV",
)  # fmt: skip
# a Java of the right version is found by it
_TAKEN_UP = ("JAVA_HOME",)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_FILES = (".aws/config", ".aws/credentials", ".boto", ".pgpass")
# Python itself reads them before any line of totelake's runs
_PYTHONS = ("PYTHONHOME", "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP")
_ENDPOINT = "AWS_ENDPOINT_URL"


def of_machine(variables: Mapping[str, str], user_home: Path, stack: Mapping[str, str] | None) -> list[Finding]:
    """For this machine's stack, with the variables that lead to it where one is up."""
    checks: list[tuple[str, Look]] = [
        ("PostgreSQL and AWS", partial(put_aside, variables)),
        ("Java, Spark and others", partial(not_passed, variables)),
        ("Python", partial(of_python, variables)),
        ("proxies", partial(proxies, variables, for_account=False)),
        ("files", partial(files, user_home)),
        ("certificates", partial(certificates, variables)),
    ]
    if stack is not None:
        checks.append(("this shell", partial(shell, variables, stack)))
    return examine(GROUP, checks)


def of_account(variables: Mapping[str, str], may_be_here: bool = True) -> list[Finding]:
    """For an AWS account, whose profile, keys and proxies are the user's."""
    return examine(
        GROUP,
        (
            ("profile", profile),
            ("endpoint", partial(endpoint, variables, may_be_here)),
            ("libpq", partial(libpq, variables)),
            ("Python", partial(of_python, variables)),
            ("proxies", partial(proxies, variables, for_account=True)),
        ),
    )


def put_aside(variables: Mapping[str, str]) -> Iterator[Result]:
    """Variables that libpq and botocore read, and totelake's commands for this machine do not."""
    yield _named(
        variables, filter(is_put_aside, variables), "put aside: no command for this machine's stack reads them"
    )


def not_passed(variables: Mapping[str, str]) -> Iterator[Result]:
    """Variables that the stack's servers and jobs would read, and do not get."""
    found = [name for name in variables if name.startswith(_OF_PROGRAMS) and name not in _TAKEN_UP]
    yield _named(
        variables, [name for name in found if not is_passed(name)], "no server and no job of the stack gets them"
    )


def of_python(variables: Mapping[str, str]) -> Iterator[Result]:
    """Variables that act on the Python that runs totelake itself."""
    found = [name for name in _PYTHONS if variables.get(name)]
    if "PYTHONOPTIMIZE" in found and variables["PYTHONOPTIMIZE"] not in ("0", "1"):
        yield warning("by PYTHONOPTIMIZE Python drops the text of every --help", "unset it")
        found.remove("PYTHONOPTIMIZE")
    yield _named(variables, found, "read by the Python that runs totelake, and passed to no server and no job")


def proxies(variables: Mapping[str, str], for_account: bool) -> Iterator[Result]:
    """Proxies, and what goes through them."""
    found = [name for name in variables if name.lower() in _PROXIES and variables[name]]
    wrong = [name for name in found if "://" not in variables[name]]
    if wrong:
        yield warning(
            f"{', '.join(sorted(wrong))} has no scheme, and programs differ in what they take it for",
            "write http:// before the proxy's name",
        )
    what = "AWS is asked by it, databases are not" if for_account else "this machine is reached past it"
    yield _named(variables, found, what)


def files(user_home: Path) -> Iterator[Result]:
    """Files of the home folder that libpq and botocore read, and totelake's commands for this machine do not."""
    found = [f"~/{name}" for name in _FILES if (user_home / name).exists()]
    if found:
        yield ok(f"{', '.join(found)}: put aside, no command for this machine's stack reads them")
    else:
        yield ok("none of libpq's and botocore's")


def certificates(variables: Mapping[str, str]) -> Iterator[Result]:
    """What SSL_CERT_FILE and SSL_CERT_DIR name: only what is fetched from elsewhere needs it."""
    folder = variables.get("SSL_CERT_DIR")
    if folder and not any(Path(place).is_dir() for place in folder.split(":")):
        yield warning(f"SSL_CERT_DIR names {folder}, which is no folder", "correct or unset it")
    if not variables.get("SSL_CERT_FILE"):
        yield ok("those of the system")
        return
    try:
        with tempfile.TemporaryDirectory() as work:
            trust_options(Path(work))
    except ConfigurationError as error:
        yield replace(refused(error), outcome=WARNING)
        return
    yield ok(f"those of SSL_CERT_FILE, {variables['SSL_CERT_FILE']}")


def shell(variables: Mapping[str, str], stack: Mapping[str, str]) -> Iterator[Result]:
    """Whether AWS tools and PostgreSQL clients of this shell find the stack."""
    if not variables.get(_ENDPOINT):
        yield ok('its own AWS tools do not find the stack; eval "$(totelake env)" lets them')
        return
    other = sorted(name for name, value in stack.items() if variables.get(name, "") != value)
    if other:
        yield warning(
            f"other AWS tools and PostgreSQL clients of this shell go elsewhere than to the stack ({', '.join(other)})",
            'eval "$(totelake env)"',
        )
    else:
        yield ok("its AWS tools and PostgreSQL clients find the stack")


def profile() -> Iterator[Result]:
    """The profile of ~/.aws that boto3 takes, and whether it is there."""
    session = botocore.session.Session()
    name = session.get_config_variable("profile")
    try:
        session.get_scoped_config()
    except ProfileNotFound:
        known = ", ".join(session.available_profiles) or "none"
        yield problem(
            f"AWS_PROFILE names {name}, and {session.get_config_variable('config_file')} has no such profile",
            f"name one that it has ({known}), or unset AWS_PROFILE",
        )
        return
    except ConfigParseError as error:
        yield problem(" ".join(str(error).split()).rstrip("."), "correct that file, or name another in AWS_CONFIG_FILE")
        return
    yield ok(f"the profile {name}" if name else "no profile is named")


def endpoint(variables: Mapping[str, str], may_be_here: bool = True) -> Iterator[Result]:
    """Whether requests reach AWS, or an endpoint that variables or the profile name, which may be this machine."""
    found = {name: value for name, value in variables.items() if name.startswith(_ENDPOINT) and value}
    found |= {f"endpoint_url of {where}": value for where, value in _of_profile()}
    if not found:
        yield ok("AWS's own")
        return
    what = f"{', '.join(sorted(found))} name {', '.join(dict.fromkeys(found[name] for name in sorted(found)))}"
    if not may_be_here and any(map(is_on_this_machine, found.values())):
        yield problem(
            f"{what}: this machine is looked at, and no account",
            'unset what eval "$(totelake env)" set, or open another shell',
        )
    else:
        yield warning(f"{what}, which is asked in the place of AWS", "unset them")


def _of_profile() -> Iterator[tuple[str, str]]:
    """The endpoints that the profile itself names, with where; none where it cannot be read, which `profile` tells."""
    session = botocore.session.Session()
    try:
        scoped, services = session.get_scoped_config(), session.full_config.get("services", {})
    except (ProfileNotFound, ConfigParseError):
        return
    if scoped.get("endpoint_url"):
        yield "the profile", scoped["endpoint_url"]
    for name, values in services.get(scoped.get("services", ""), {}).items():
        if isinstance(values, Mapping) and values.get("endpoint_url"):
            yield f"its service {name}", values["endpoint_url"]


def libpq(variables: Mapping[str, str]) -> Iterator[Result]:
    """Variables that libpq takes up beside what the secrets say."""
    found = sorted(name for name in variables if name.startswith("PG") and variables[name])
    if found:
        yield warning(f"{', '.join(found)}: taken up for the databases' connections from this machine", "unset them")
    else:
        yield ok("nothing is set")


def _named(variables: Mapping[str, str], names: Iterable[str], what: str) -> Result:
    """What becomes of variables, by their names; those that are empty do nothing."""
    found = sorted(name for name in names if variables[name])
    return ok(f"{', '.join(found)}: {what}" if found else "nothing is set")
