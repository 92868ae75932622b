"""Variables of a person's machine that lead libpq, botocore, Java, Spark, Python or requests astray."""

from __future__ import annotations

from pathlib import Path

_CLOSED = "http://127.0.0.1:9"
VARIABLES = {
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _CLOSED),
    "PGSSLMODE": "require",
    "PGSERVICE": "nowhere",
    "PGPASSFILE": "/not/there/pgpass",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGHOST": "db.invalid",
    "PGPORT": "9",
    "PGUSER": "nobody",
    "PGPASSWORD": "of somebody else",
    "PGDATABASE": "other",
    "PGDATA": "/not/there/data",
    "PGTZ": "Asia/Kathmandu",
    "PGCLIENTENCODING": "LATIN1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "none",
    "AWS_PROFILE": "corp",
    "AWS_DEFAULT_PROFILE": "corp",
    "AWS_ACCESS_KEY_ID": "AKIAREALUSER",
    "AWS_SECRET_ACCESS_KEY": "the user's own",
    "AWS_SESSION_TOKEN": "the user's own token",
    "AWS_ENDPOINT_URL": _CLOSED,
    "AWS_ENDPOINT_URL_S3": _CLOSED,
    "AWS_ENDPOINT_URL_GLUE": _CLOSED,
    "AWS_ENDPOINT_URL_ATHENA": _CLOSED,
    "AWS_CONFIG_FILE": "/not/there/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/not/there/credentials",
    "AWS_CA_BUNDLE": "/not/there/bundle.pem",
    "AWS_REGION": "mars-north-1",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_RETRY_MODE": "no such mode",
    "AWS_MAX_ATTEMPTS": "none",
    "AWS_DATA_PATH": "/not/there",
    "JAVA_TOOL_OPTIONS": "-XX:NoSuchOption",
    "JDK_JAVA_OPTIONS": "-XX:NoSuchOption",
    "_JAVA_OPTIONS": "-XX:NoSuchOption",
    "JAVA_OPTS": "-XX:NoSuchOption",
    "SPARK_HOME": "/not/there/spark",
    "SPARK_CONF_DIR": "/not/there/conf",
    "SPARK_LOCAL_IP": "192.0.2.1",
    "SPARK_LOCAL_DIRS": "/not/there/local",
    "SPARK_SUBMIT_OPTS": "-XX:NoSuchOption",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:NoSuchOption",
    "PYSPARK_PYTHON": "/not/there/python",
    "PYSPARK_DRIVER_PYTHON": "jupyter",
    "PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell",
    "HADOOP_HOME": "/not/there/hadoop",
    "HADOOP_CONF_DIR": "/not/there/conf",
    "HADOOP_USER_NAME": "hdfs",
    "CLASSPATH": "/not/there.jar",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "ascii",
    "PYTHONINSPECT": "1",
    "COLUMNS": "0",
    "SSLKEYLOGFILE": "/not/there/keys",
    "REQUESTS_CA_BUNDLE": "/not/there/bundle.pem",
    "CURL_CA_BUNDLE": "/not/there/bundle.pem",
    "GITHUB_TOKEN": "ghp_of_the_user",
    "DATABASE_URL": "postgresql://user:secret@db.invalid/app",
    "MOTO_PORT": "9",
    "BASH_ENV": "/not/there/profile.sh",
    "LD_PRELOAD": "",
}


def make_home(folder: Path) -> Path:
    """A home whose files break whoever reads them: a profile and models that are none, others' passwords."""
    (folder / ".aws").mkdir(parents=True)
    (folder / ".aws" / "config").write_text("[default]\nregion = mars-north-1\n[profile corp\nbroken\n")
    (folder / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAFILE\nbroken\n")
    for service, version in (("s3", "2006-03-01"), ("glue", "2017-03-31"), ("logs", "2014-03-28")):
        model = folder / ".aws" / "models" / service / version / "service-2.json"
        model.parent.mkdir(parents=True)
        model.write_text("{broken")
    passwords = folder / ".pgpass"
    passwords.write_text("*:*:*:*:of somebody else\n")
    passwords.chmod(0o600)
    (folder / ".pg_service.conf").write_text("[nowhere]\nhost=db.invalid\nsslmode=verify-full\n")
    return folder
