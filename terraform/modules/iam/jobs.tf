data "aws_iam_policy_document" "job" {
  for_each = var.jobs

  statement {
    sid       = "Code"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns.artifacts}/releases/*"]
  }

  # Spark's temporary files and event logs
  dynamic "statement" {
    for_each = each.value.kind == "glueetl" ? ["Spark"] : []

    content {
      sid       = statement.value
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      resources = [for prefix in ["spark-events", "temp"] : "${var.bucket_arns.artifacts}/${prefix}/*"]
    }
  }

  # the whole bucket, for without leave to list S3 answers 403 where the protocol of commits waits for 404
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = concat(local.read_buckets[each.key], [var.bucket_arns.artifacts])
  }

  # S3A, which is Spark's way to S3 from AWS Glue 5.1 on, lists and ends the uploads that lost attempts left
  dynamic "statement" {
    for_each = length(local.written_buckets[each.key]) > 0 ? [local.written_buckets[each.key]] : []

    content {
      sid       = "Uploads"
      actions   = ["s3:ListBucketMultipartUploads"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = { for key, arns in { Read = local.objects[each.key].read } : key => arns if length(arns) > 0 }

    content {
      sid       = statement.key
      actions   = ["s3:GetObject"]
      resources = statement.value
    }
  }

  # A bucket's name may be anybody's: files are taken from this account's alone, and by a role from another's
  dynamic "statement" {
    for_each = length(local.own_files[each.key]) > 0 ? [local.own_files[each.key]] : []

    content {
      sid       = "ListFiles"
      actions   = ["s3:ListBucket"]
      resources = [for files in statement.value : "arn:${var.partition}:s3:::${files.bucket}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [for files in statement.value : "${files.prefix}*"]
      }

      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = [var.account]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.own_files[each.key]) > 0 ? [local.own_files[each.key]] : []

    content {
      sid       = "ReadFiles"
      actions   = ["s3:GetObject"]
      resources = [for files in statement.value : "arn:${var.partition}:s3:::${files.bucket}/${files.prefix}*"]

      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = [var.account]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.taken_roles[each.key]) > 0 ? [local.taken_roles[each.key]] : []

    content {
      sid       = "TakeRole"
      actions   = ["sts:AssumeRole"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = { for key, arns in { Write = local.objects[each.key].write } : key => arns if length(arns) > 0 }

    content {
      sid       = statement.key
      actions   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = { for key, arns in { Delete = local.objects[each.key].delete } : key => arns if length(arns) > 0 }

    content {
      sid       = statement.key
      actions   = ["s3:DeleteObject"]
      resources = statement.value
    }
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = length(var.secrets_by_job[each.key]) > 0 ? [[for name in var.secrets_by_job[each.key] : var.secret_arns[name]]] : []

    content {
      sid       = "Secret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.access[each.key].tables) > 0 ? [flatten([for zone in local.access[each.key].tables : local.tables[zone]])] : []

    content {
      sid = "Tables"
      actions = [
        "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable",
        "glue:GetPartitions", "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:BatchUpdatePartition",
      ]
      resources = distinct(statement.value)
    }
  }

  dynamic "statement" {
    for_each = length(local.access[each.key].starts) > 0 ? [local.access[each.key].starts] : []

    content {
      sid       = "Start"
      actions   = ["glue:StartWorkflowRun"]
      resources = [for workflow in statement.value : "${local.glue}:workflow/${var.name}-${workflow}"]
    }
  }

  # who starts runs looks how they and everything else of the deployment ended
  dynamic "statement" {
    for_each = length(local.access[each.key].starts) > 0 ? ["Observe"] : []

    content {
      sid     = statement.value
      actions = ["glue:GetWorkflowRun", "glue:GetWorkflowRuns", "glue:GetJobRuns"]
      resources = concat(
        [for workflow in var.workflows : "${local.glue}:workflow/${var.name}-${workflow}"],
        [for job in keys(var.jobs) : "${local.glue}:job/${var.name}-${job}"],
      )
    }
  }

  dynamic "statement" {
    for_each = length(local.access[each.key].crawls) > 0 ? [local.access[each.key].crawls] : []

    content {
      sid       = "Crawl"
      actions   = ["glue:StartCrawler", "glue:GetCrawler"]
      resources = [for crawler in statement.value : "${local.glue}:crawler/${var.name}-${crawler}"]
    }
  }

  dynamic "statement" {
    for_each = length(local.part_of[each.key]) > 0 ? [local.part_of[each.key]] : []

    content {
      sid       = "RunProperties"
      actions   = ["glue:GetWorkflowRunProperties", "glue:PutWorkflowRunProperties"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = local.publishes[each.key] ? [var.alert_topic] : []

    content {
      sid       = "Alert"
      actions   = ["sns:Publish"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.sends[each.key] ? [local.dead_letters] : []

    content {
      sid       = "DeadLetters"
      actions   = ["sqs:SendMessage", "sqs:GetQueueUrl"]
      resources = ["arn:${var.partition}:sqs:${var.region}:${var.account}:${statement.value}"]
    }
  }

  # Which group AWS Glue chooses where a security configuration meets a prefix of our own is documented nowhere: any of the kind.
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
    resources = [for group in local.log_groups[each.value.kind] : "${local.logs}:${group}"]
  }

  # CloudWatch knows no resources for metrics; the namespace is what can be held
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.name, "Glue"]
    }
  }

  source_policy_documents = contains(var.private_jobs, each.key) ? [data.aws_iam_policy_document.vpc[0].json] : []
}
