# Jobs own tables, partitions and views; Terraform owns the databases.
resource "aws_glue_catalog_database" "this" {
  for_each = var.databases

  name = each.value
}

resource "aws_glue_crawler" "this" {
  for_each = var.crawlers

  name                   = "${var.name}-${each.key}"
  description            = each.value.description
  role                   = var.role_arn
  database_name          = each.value.database
  table_prefix           = try(each.value.table_prefix, "") == "" ? null : each.value.table_prefix
  security_configuration = var.security_configuration

  # a target for each table and never the bucket: a crawler of the bucket would make tables of _commits and _state
  dynamic "s3_target" {
    for_each = lookup(var.tables_by_source, try(each.value.source, ""), [])

    content {
      path = "s3://${var.ingestion_bucket}/${each.value.source}/${s3_target.value}/"
    }
  }

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG"
  }

  configuration = jsonencode({
    Version = 1.0
    CrawlerOutput = {
      Partitions = { AddOrUpdateBehavior = "InheritFromTable" }
      Tables     = { AddOrUpdateBehavior = "MergeNewColumns" }
    }
    # bucket, source, table: one table for each target, however unlike its files are
    Grouping = { TableLevelConfiguration = 3 }
  })

  lifecycle {
    precondition {
      condition     = length(lookup(var.tables_by_source, try(each.value.source, ""), [])) > 0
      error_message = "The crawler ${each.key} has nothing to crawl: put {source} into its name in pipeline.yaml, and the contracts of each source into catalog/sources."
    }
  }

  depends_on = [aws_glue_catalog_database.this]
}
