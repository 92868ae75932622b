# The one description: what `totelake deploy` makes of the files of catalog/ on one machine is made of them here and in pipeline.tf.
locals {
  catalog   = "${path.module}/../catalog"
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  ingestion_bucket = "${var.name}-ingestion-${local.account}-${var.region}"
  processed_bucket = "${var.name}-processed-${local.account}-${var.region}"
  artifacts_bucket = "${var.name}-artifacts-${local.account}-${var.region}"
  alert_topic      = "arn:${local.partition}:sns:${var.region}:${local.account}:${var.name}-alerts"

  # what stands in braces in pipeline.yaml; everything here is known before anything exists, for names depend on it
  names = {
    prefix           = var.name
    database_prefix  = replace(var.name, "-", "_")
    ingestion_bucket = local.ingestion_bucket
    processed_bucket = local.processed_bucket
    alert_topic      = local.alert_topic
  }

  # a query says for which engine it is: `-- on: lake`, `-- on: warehouse` or `-- on: both`
  queries = {
    for path in fileset("${local.catalog}/queries", "*.sql") : trimsuffix(path, ".sql") => file("${local.catalog}/queries/${path}")
  }
  lake_queries      = { for name, sql in local.queries : name => sql if can(regex("-- on: (both|lake)", sql)) }
  warehouse_queries = { for name, sql in local.queries : name => sql if can(regex("-- on: (both|warehouse)", sql)) }

  # where others put files for this deployment: a bucket that is named after it, and that no role of another account reads
  landing_buckets = {
    for name, source in local.sources : "files-${name}" => replace(source.bucket, "{prefix}", var.name)
    if source.kind == "files" && strcontains(try(source.bucket, ""), "{prefix}") && try(source.role, "") == ""
  }

  # the sources of kind files: whose files they are, and the role that reads them where it is another account's
  file_sources = {
    for name, source in local.sources : name => {
      bucket = replace(source.bucket, "{prefix}", var.name)
      prefix = try(source.prefix, "")
      role   = try(source.role, "")
    } if source.kind == "files"
  }

  # each argument that names a secret, so that a job's role reads its own and no other
  secrets_by_job = {
    for name, job in local.pipeline.jobs : name =>
    sort([for argument, value in lookup(job, "arguments", {}) : value if endswith(argument, "_secret")])
  }
  # only a job with a secret speaks to a database, which may be private; an hourly HTTP call needs no way into a VPC
  private_jobs = toset([
    for name, secrets in local.secrets_by_job : name if length(secrets) > 0 && var.network_shape != "public"
  ])

  is_private = var.network_shape != "public"
}
