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
  security_configuration = var.security_configuration

  # a target for each table and never the bucket: a crawler of the bucket would make tables of _commits and _state
  dynamic "s3_target" {
    for_each = flatten([for source in each.value.sources : [for table in var.tables_by_source[source] : "${source}/${table}"]])

    content {
      path = "s3://${var.ingestion_bucket}/${s3_target.value}/"
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
  })

  lifecycle {
    precondition {
      condition     = alltrue([for source in each.value.sources : contains(keys(var.tables_by_source), source)])
      error_message = "The crawler ${each.key} names a source that has no contracts under catalog/sources; add them or correct the name."
    }
  }

  depends_on = [aws_glue_catalog_database.this]
}
