"""A short Spark session that does what the builders do: `python -m totelake.stack.warm_up`.

Java's class archive holds the classes that it has loaded (`stack.spark.ensure_archive`).
"""

from __future__ import annotations

import os

from localgate.keys import Keys
from totelake.stack.aws_endpoint import serving

BUCKET = "warm-up"
_EVENTS = (
    "SELECT id, id % 2 AS parent, CAST(id AS string) AS text, CAST(id AS decimal(10,2)) AS amount, id > 3 AS flag, "
    "CAST(id AS int) AS count, current_timestamp() AS moment, DATE '2024-08-01' AS day, '2024-08' AS month "
    "FROM range(8)"
)
_ROWS = (
    "SELECT e.*, p.text AS name, lead(e.id) OVER (PARTITION BY e.parent ORDER BY e.id) AS following, "
    "try_to_timestamp(e.text) AS tried FROM events AS e LEFT JOIN events AS p ON p.id = e.parent "
    "LEFT ANTI JOIN (SELECT id FROM events WHERE id = 1) AS gone ON gone.id = e.id "
    "UNION ALL SELECT e.*, 'x', 0L, e.moment FROM events AS e"
)


def main() -> None:
    """Start moto, write and read objects there through S3A."""
    keys = Keys.random()
    os.environ.update(keys.environment())  # where Spark looks for it
    with serving(keys) as endpoint:
        _play(endpoint)


def _play(endpoint: str) -> None:
    import boto3
    from pyspark.sql import SparkSession

    from totelake.stack.spark import s3_settings

    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="eu-west-2")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    builder = SparkSession.builder
    for name, value in s3_settings(endpoint).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sql(_EVENTS).write.parquet(f"s3://{BUCKET}/events")
    spark.read.parquet(f"s3://{BUCKET}/events").createOrReplaceTempView("events")
    rows = spark.sql(_ROWS)
    rows.repartition("month").sortWithinPartitions("id").write.partitionBy("month").parquet(f"s3://{BUCKET}/rows")
    rows.groupBy("parent").count().collect()
    spark.stop()


if __name__ == "__main__":
    main()
