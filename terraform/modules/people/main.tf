# Roles for people; they change nothing but Athena's own results.
locals {
  glue = "arn:${var.partition}:glue:${var.region}:${var.account}"
  logs = "arn:${var.partition}:logs:${var.region}:${var.account}:log-group"

  members  = { analysts = var.analysts, operators = var.operators }
  made     = { for name, arns in local.members : name => arns if length(arns) > 0 }
  policies = { analysts = data.aws_iam_policy_document.analysts, operators = data.aws_iam_policy_document.operators }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.made

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = each.value
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.made

  name                 = "${var.name}-${each.key}"
  description          = "People of ${var.name}: ${each.key}."
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 14400
}

resource "aws_iam_role_policy" "this" {
  for_each = local.made

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = local.policies[each.key].json
}

# The processed zone is what Athena's views read; the ingestion zone has raw rows and those in quarantine.
data "aws_iam_policy_document" "analysts" {
  statement {
    sid = "Ask"
    actions = [
      "athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetQueryExecution",
      "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetWorkGroup", "athena:ListNamedQueries",
      "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
    ]
    resources = ["arn:${var.partition}:athena:${var.region}:${var.account}:workgroup/${var.workgroup}"]
  }

  statement {
    sid     = "Catalogue"
    actions = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:GetTable", "glue:GetTables"]
    resources = [
      "${local.glue}:catalog", "${local.glue}:database/${var.databases.processed}", "${local.glue}:table/${var.databases.processed}/*",
    ]
  }

  statement {
    sid       = "List"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.bucket_arns.processed, var.bucket_arns.artifacts]
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns.processed}/*"]
  }

  statement {
    sid       = "Results"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.bucket_arns.artifacts}/athena/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "operators" {
  #checkov:skip=CKV_AWS_356:CloudWatch knows no resources for what only lists and reads metrics

  statement {
    sid = "Runs"
    actions = [
      "glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns", "glue:GetWorkflow", "glue:GetWorkflowRun", "glue:GetWorkflowRuns",
      "glue:GetWorkflowRunProperties", "glue:GetCrawler", "glue:ListCrawls",
    ]
    resources = concat(
      [for name in var.job_names : "${local.glue}:job/${name}"],
      [for name in var.workflow_names : "${local.glue}:workflow/${name}"],
      [for name in var.crawler_names : "${local.glue}:crawler/${name}"],
    )
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
    resources = ["${local.logs}:/aws-glue/*/${var.name}-role/*", "${local.logs}:/aws-glue/crawlers-role/${var.name}-crawler-*"]
  }

  # CloudWatch knows no resources for these
  statement {
    sid = "Metrics"
    actions = [
      "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics",
      "cloudwatch:ListDashboards", "cloudwatch:ListMetrics", "logs:DescribeLogGroups", "logs:GetQueryResults",
    ]
    resources = ["*"]
  }
}
