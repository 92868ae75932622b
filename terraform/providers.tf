provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, {
      application = "totelake"
      deployment  = var.name
      cost-center = var.cost_center
    })
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
