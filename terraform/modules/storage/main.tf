locals {
  buckets = merge(var.landing_buckets, {
    ingestion = var.ingestion_bucket
    processed = var.processed_bucket
    artifacts = var.artifacts_bucket
  })
  # put together from names, so that policies are readable in a plan, before anything exists
  arns = { for zone, name in local.buckets : zone => "arn:${var.partition}:s3:::${name}" }

  protection = "totelake-protection.txt"

  # where a writer must say If-None-Match: a manifest or a known schema is written once and never again
  written_once = {
    ingestion = ["_commits", "_schemas"]
    processed = ["_commits"]
    artifacts = []
  }
  # where jobs stage what they then move
  staged = ["ingestion", "processed"]
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket = each.value

  # destroyed the other way round: the key goes only when the data are gone
  depends_on = [aws_kms_key.data]
}

# While this object is there, `terraform destroy` ends when it plans, before it has touched a bucket's policy, its encryption
# or the key. Who empties a bucket of its data takes it out as well, and nothing stands in the way of an empty bucket.
resource "aws_s3_object" "protection" {
  for_each = local.buckets

  bucket       = aws_s3_bucket.this[each.key].id
  key          = local.protection
  content_type = "text/plain"
  content      = <<-EOT
    While this object is here, terraform destroy refuses to destroy ${each.value} and the key that its data are encrypted with.
    docs/deployment.md of totelake says how a deployment is torn down, with its data or without.
  EOT

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [
    aws_kms_alias.data,
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for zone, name in local.buckets : zone => name if var.access_log_bucket != null }

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = var.access_log_bucket
  target_prefix = "${each.value}/"
}

# Data is never expired by S3: the jobs read what manifests name, and only maintain-lake knows what no manifest names.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "incomplete-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  rule {
    id     = "noncurrent-versions"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    # what is left of a deleted object when its versions have gone
    expiration {
      expired_object_delete_marker = true
    }
  }

  # What is staged is moved when it is committed: its former place need not be restored, and would be a second copy of all data.
  dynamic "rule" {
    for_each = contains(local.staged, each.key) ? ["staged"] : []

    content {
      id     = rule.value
      status = "Enabled"

      filter {
        prefix = "_inflight/"
      }

      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  # what `totelake canary` reports, and what a look that was killed leaves, is no data
  dynamic "rule" {
    for_each = contains(local.staged, each.key) ? { canary = "_canary/", canary-commits = "_commits/canary/" } : {}

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = 30
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "artifacts" ? { athena-results = 7, temp = 7, spark-events = 30 } : {}

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = { athena-results = "athena/", temp = "temp/", spark-events = "spark-events/" }[rule.key]
      }

      expiration {
        days = rule.value
      }

      abort_incomplete_multipart_upload {
        days_after_initiation = 2
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.arns

  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value, "${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # A copy cannot carry the header, so nothing can be copied there either: what was deleted comes back by removing its delete marker.
  dynamic "statement" {
    for_each = length(try(local.written_once[each.key], [])) > 0 ? [local.written_once[each.key]] : []

    content {
      sid       = "WrittenOnce"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = [for prefix in statement.value : "${each.value}/${prefix}/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
