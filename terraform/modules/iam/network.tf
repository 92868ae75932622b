# What AWS Glue does in the job's name to give its worker an address in the VPC.
data "aws_iam_policy_document" "vpc" {
  #checkov:skip=CKV_AWS_356:EC2 knows no resources for what only describes

  count = length(var.private_jobs) > 0 ? 1 : 0

  statement {
    sid       = "Connection"
    actions   = ["glue:GetConnection"]
    resources = ["${local.glue}:catalog", "${local.glue}:connection/${var.connection.name}"]
  }

  # EC2 knows no resources for what only describes
  statement {
    sid = "DescribeNetwork"
    actions = [
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "CreateInterface"
    actions = ["ec2:CreateNetworkInterface"]
    resources = [
      var.connection.subnet_arn,
      var.connection.security_group_arn,
      "arn:${var.partition}:ec2:${var.region}:${var.account}:network-interface/*",
    ]
  }

  statement {
    sid       = "DeleteInterface"
    actions   = ["ec2:DeleteNetworkInterface", "ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:${var.partition}:ec2:${var.region}:${var.account}:network-interface/*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["aws-glue-service-resource"]
    }
  }
}
