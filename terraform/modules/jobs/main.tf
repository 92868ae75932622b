locals {
  shell = "pythonshell"
  spark = "glueetl"

  release = "s3://${var.artifacts_bucket}/releases/${var.release.id}"
  wheel   = "${local.release}/${var.release.wheel}"
  modules = join(",", [for name in concat([var.release.wheel], var.release.libraries) : "${local.release}/${name}"])
  # AWS Glue's prefix takes the place of Spark's log groups, of Glue 5 and later; a Python shell has no say in its own
  logging = {
    (local.shell) = {}
    (local.spark) = merge(
      {
        "--custom-logGroup-prefix" = "/aws-glue/${var.name}"
        "--TempDir"                = "s3://${var.artifacts_bucket}/temp/"
        "--enable-job-insights"    = tostring(contains(var.monitoring, "insights"))
      },
      contains(var.monitoring, "event-logs") ? {
        "--enable-spark-ui"       = "true"
        "--spark-event-logs-path" = "s3://${var.artifacts_bucket}/spark-events/"
      } : {},
      contains(var.monitoring, "metrics") ? {
        "--enable-metrics"               = "true"
        "--enable-observability-metrics" = "true"
      } : {},
    )
  }

  glue_versions = {
    for name, job in var.jobs : name => coalesce(var.glue_version, try(job.glue_version, var.defaults[local.spark].glue_version)) if job.kind == local.spark
  }
  # wheels of what a Spark job needs and AWS Glue does not bring, for the interpreter of its version
  compiled = {
    for name, version in local.glue_versions : name => flatten([
      for module in try(var.jobs[name].modules, []) : [
        for wheel in var.release.compiled : "${local.release}/${wheel}"
        if startswith(wheel, "${replace(module, "-", "_")}-") && split("-", wheel)[2] == var.defaults[local.spark].python_tags[version]
      ]
    ])
  }
  jars = {
    for name in keys(local.glue_versions) : name => flatten([
      for wanted in try(var.jobs[name].jars, []) : [
        for jar in var.release.jars : "${local.release}/${jar}" if can(regex("^${wanted}-[0-9].*\\.jar$", jar))
      ]
    ])
  }
  code = {
    for name, job in var.jobs : name => merge(
      {
        (job.kind == local.spark ? "--additional-python-modules" : "--extra-py-files") = (
          job.kind == local.spark ? join(",", concat([local.modules], local.compiled[name])) : local.wheel
        )
      },
      # AWS Glue brings drivers of its own, which stand first in the class path unless it is told otherwise
      length(lookup(local.jars, name, [])) > 0 ? {
        "--extra-jars"      = join(",", local.jars[name])
        "--user-jars-first" = "true"
      } : {},
    )
  }

  # common, then the kind's, then the job's own; the later overrides the earlier. AWS Glue knows one option without dashes.
  arguments = {
    for name, job in var.jobs : name => merge(
      local.logging[job.kind],
      {
        for argument, value in merge(
          var.defaults.arguments,
          lookup(var.defaults[job.kind], "arguments", {}),
          lookup(job, "arguments", {}),
        ) : (argument == "library-set" ? argument : "--${argument}") => tostring(value) if tostring(value) != ""
      },
      local.code[name],
    )
  }
}

resource "aws_glue_job" "this" {
  for_each = var.jobs

  name                   = "${var.name}-${each.key}"
  description            = each.value.description
  role_arn               = var.role_arns[each.key]
  default_arguments      = local.arguments[each.key]
  connections            = lookup(var.connections, each.key, null)
  security_configuration = aws_glue_security_configuration.this.name
  max_retries            = try(each.value.max_retries, var.defaults[each.value.kind].max_retries)
  timeout                = try(each.value.timeout_minutes, var.defaults[each.value.kind].timeout_minutes)

  execution_class   = each.value.kind == local.spark ? var.execution_class : null
  glue_version      = lookup(local.glue_versions, each.key, null)
  worker_type       = each.value.kind == local.spark ? try(each.value.worker_type, var.defaults[local.spark].worker_type) : null
  number_of_workers = each.value.kind == local.spark ? try(each.value.number_of_workers, var.defaults[local.spark].number_of_workers) : null
  max_capacity      = each.value.kind == local.shell ? try(each.value.max_capacity, var.defaults[local.shell].max_capacity) : null

  command {
    name            = each.value.kind
    python_version  = try(each.value.python_version, var.defaults[each.value.kind].python_version)
    script_location = "${local.release}/glue_jobs/${each.value.script}.py"
  }

  execution_property {
    max_concurrent_runs = try(each.value.max_concurrent_runs, 1)
  }

  depends_on = [aws_cloudwatch_log_group.this]

  lifecycle {
    precondition {
      condition     = length(lookup(local.compiled, each.key, [])) == (each.value.kind == local.spark ? length(try(each.value.modules, [])) : 0)
      error_message = "The release lacks a wheel of what ${each.key} needs as a Spark job (modules in pipeline.yaml): build it again with `make release`."
    }

    precondition {
      condition     = length(lookup(local.jars, each.key, [])) == (each.value.kind == local.spark ? length(try(each.value.jars, [])) : 0)
      error_message = "The release lacks a jar that ${each.key} brings (jars in pipeline.yaml): build it again with `make release`."
    }
  }
}

resource "aws_glue_security_configuration" "this" {
  name = var.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.kms_key_arn
    }
  }
}

# Made before the first run, which would make them without an end.
resource "aws_cloudwatch_log_group" "this" {
  for_each = var.log_groups

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
