locals {
  glue = "arn:${var.partition}:glue:${var.region}:${var.account}"
  logs = "arn:${var.partition}:logs:${var.region}:${var.account}:log-group"

  zones = ["ingestion", "processed"]

  access = {
    for name, job in var.jobs : name => {
      for key in ["read", "write", "delete", "tables", "starts", "crawls", "source"] : key => flatten([try(job.access[key], [])])
    }
  }
  # `ingestion/_commits` is all below that prefix, `ingestion` all of the bucket
  objects = {
    for name, access in local.access : name => {
      for key in ["read", "write", "delete"] : key => [
        for path in access[key] : join("/", concat([var.bucket_arns[split("/", path)[0]]], slice(split("/", path), 1, length(split("/", path))), ["*"]))
      ]
    }
  }
  # of the sources that a job may look into those whose files the account itself holds, and those that another's role reads
  own_files = {
    for name, access in local.access : name => [
      for source in access.source : var.file_sources[source] if try(var.file_sources[source].role == "", false)
    ]
  }
  taken_roles = {
    for name, access in local.access : name => [
      for source in access.source : var.file_sources[source].role if try(var.file_sources[source].role != "", false)
    ]
  }
  read_buckets = {
    for name, access in local.access : name => distinct([
      for path in concat(access.read, access.write, access.delete) : var.bucket_arns[split("/", path)[0]]
    ])
  }
  written_buckets = {
    for name, access in local.access : name => distinct([for path in access.write : var.bucket_arns[split("/", path)[0]]])
  }
  log_groups = {
    pythonshell = ["/aws-glue/python-jobs/*"]
    glueetl     = ["/aws-glue/jobs/*", "/aws-glue/${var.name}/*"]
  }
  # the catalogue wants leave for itself, the database and the table
  tables = {
    for zone in local.zones : zone => [
      "${local.glue}:catalog",
      "${local.glue}:database/${var.databases[zone]}",
      "${local.glue}:table/${var.databases[zone]}/*",
    ]
  }
  part_of = {
    for name in keys(var.jobs) : name => distinct([
      for trigger in var.triggers : "${local.glue}:workflow/${var.name}-${trigger.workflow}"
      if can(trigger.workflow) && contains(trigger.jobs, name)
    ])
  }
  publishes = {
    for name, job in var.jobs : name => contains(values(try(job.arguments, {})), var.alert_topic)
  }
  dead_letters = "${var.name}-dead-letters"
  sends = {
    for name, job in var.jobs : name => contains(values(try(job.arguments, {})), local.dead_letters)
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    # Glue is known to say for crawlers whose account it acts for, for jobs it is not: where it says it, it has to be this one
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_iam_role" "job" {
  for_each = var.jobs

  name                 = "${var.name}-${each.key}"
  description          = "The AWS Glue job ${var.name}-${each.key}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "job" {
  for_each = var.jobs

  name   = "job"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.job[each.key].json
}

resource "aws_iam_role" "crawler" {
  name                 = "${var.name}-crawler"
  description          = "The AWS Glue crawlers of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "crawler" {
  name   = "crawler"
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}
