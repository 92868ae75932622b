resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries over the lake of ${var.name}, with a limit on what one may scan."
  force_destroy = true

  configuration {
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * pow(1024, 3)
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.artifacts_bucket}/athena/"
      expected_bucket_owner = var.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = var.queries

  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = try(trimspace(regex("-- description:([^\n]*)", each.value)[0]), each.key)
  workgroup   = aws_athena_workgroup.this.id
  database    = var.database
  query       = each.value
}
