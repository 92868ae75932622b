# What a tear-down kept: `python -m totelake.deploy.environment deploy ENV --adopt` takes it over.
locals {
  adopted = var.adopt ? toset(["kept"]) : toset([])
}

data "aws_kms_alias" "kept" {
  for_each = local.adopted

  name = "alias/${var.name}"
}

# Secrets that wait for their deletion are not among these: they have to be restored before.
data "aws_secretsmanager_secrets" "kept" {
  for_each = local.adopted

  filter {
    name   = "name"
    values = ["${var.name}/"]
  }
}

import {
  for_each = data.aws_kms_alias.kept

  to = module.storage.aws_kms_key.data
  id = each.value.target_key_id
}

import {
  for_each = data.aws_kms_alias.kept

  to = module.storage.aws_kms_alias.data
  id = each.value.name
}

import {
  for_each = var.adopt ? merge(local.landing_buckets, { ingestion = local.ingestion_bucket, processed = local.processed_bucket, artifacts = local.artifacts_bucket }) : {}

  to = module.storage.aws_s3_bucket.this[each.key]
  id = each.value
}

import {
  for_each = var.adopt ? local.pipeline.databases : {}

  to = module.catalog.aws_glue_catalog_database.this[each.key]
  id = "${local.account}:${each.value}"
}

# an ARN ends with a hyphen and six characters that are not the name's
import {
  for_each = {
    for arn in flatten([for found in data.aws_secretsmanager_secrets.kept : tolist(found.arns)]) :
    regex(":secret:(.+)-[0-9A-Za-z]{6}$", arn)[0] => arn
    if contains(flatten(values(local.secrets_by_job)), regex(":secret:(.+)-[0-9A-Za-z]{6}$", arn)[0])
  }

  to = module.secrets.aws_secretsmanager_secret.this[each.key]
  id = each.value
}
