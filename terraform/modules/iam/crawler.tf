data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.bucket_arns.ingestion]
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns.ingestion}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid = "Tables"
    actions = [
      "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable",
      "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition", "glue:CreatePartition",
      "glue:UpdatePartition", "glue:BatchUpdatePartition",
    ]
    resources = local.tables.ingestion
  }

  statement {
    sid       = "SecurityConfiguration"
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"] # AWS Glue knows no resources for it
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
    resources = ["${local.logs}:/aws-glue/crawlers*"]
  }
}
