# The one source: what `totelake deploy` makes of these files on one machine is made of them here.
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

  # comments are left out: they may hold braces, too
  pipeline_text = join("\n", [
    for line in split("\n", file("${local.catalog}/pipeline.yaml")) : line if !startswith(trimspace(line), "#")
  ])
  described = yamldecode(
    replace(replace(replace(replace(replace(local.pipeline_text,
      "{prefix}", local.names.prefix),
      "{database_prefix}", local.names.database_prefix),
      "{ingestion_bucket}", local.names.ingestion_bucket),
      "{processed_bucket}", local.names.processed_bucket),
    "{alert_topic}", local.names.alert_topic)
  )
  # without the jobs and triggers of the other way to publish; a way that is neither is an error here
  publish = { split = "split", fused = "fused" }[local.described.publish]
  pipeline = merge(local.described, {
    for part in ["jobs", "triggers"] : part => {
      for name, item in local.described[part] : name => item if try(item.publish, local.publish) == local.publish
    }
  })

  contracts = {
    for path in fileset("${local.catalog}/sources", "**/*.yaml") :
    path => yamldecode(file("${local.catalog}/sources/${path}"))
  }
  tables_by_source = {
    for domain in toset([for contract in local.contracts : contract.domain]) :
    domain => sort([for contract in local.contracts : contract.name if contract.domain == domain])
  }

  # a query says for which engine it is: `-- on: lake`, `-- on: warehouse` or `-- on: both`
  queries = {
    for path in fileset("${local.catalog}/queries", "*.sql") : trimsuffix(path, ".sql") => file("${local.catalog}/queries/${path}")
  }
  lake_queries      = { for name, sql in local.queries : name => sql if can(regex("-- on: (both|lake)", sql)) }
  warehouse_queries = { for name, sql in local.queries : name => sql if can(regex("-- on: (both|warehouse)", sql)) }

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
