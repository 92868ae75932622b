resource "aws_quicksight_data_source" "warehouse" {
  aws_account_id = var.account
  data_source_id = "${var.name}-warehouse"
  name           = "${var.name} warehouse"
  type           = "POSTGRESQL"

  parameters {
    postgresql {
      host     = var.settings.host
      port     = var.settings.port
      database = var.settings.database
    }
  }

  # by the secret's ARN, so that no password is in configuration or state
  credentials {
    secret_arn = var.secret_arn
  }

  ssl_properties {
    disable_ssl = false
  }

  dynamic "vpc_connection_properties" {
    for_each = var.settings.vpc_connection_arn == null ? [] : [var.settings.vpc_connection_arn]

    content {
      vpc_connection_arn = vpc_connection_properties.value
    }
  }

  permission {
    principal = var.settings.principal_arn
    actions = [
      "quicksight:DescribeDataSource", "quicksight:DescribeDataSourcePermissions", "quicksight:PassDataSource",
      "quicksight:UpdateDataSource", "quicksight:DeleteDataSource", "quicksight:UpdateDataSourcePermissions",
    ]
  }
}

resource "aws_quicksight_data_set" "this" {
  for_each = var.queries

  aws_account_id = var.account
  data_set_id    = "${var.name}-${replace(each.key, "_", "-")}"
  name           = try(trimspace(regex("-- title:([^\n]*)", each.value)[0]), each.key)
  import_mode    = "DIRECT_QUERY"

  physical_table_map {
    physical_table_map_id = replace(each.key, "_", "-")

    custom_sql {
      data_source_arn = aws_quicksight_data_source.warehouse.arn
      name            = each.key
      sql_query       = each.value
    }
  }

  permissions {
    principal = var.settings.principal_arn
    actions = [
      "quicksight:DescribeDataSet", "quicksight:DescribeDataSetPermissions", "quicksight:PassDataSet",
      "quicksight:DescribeIngestion", "quicksight:ListIngestions", "quicksight:UpdateDataSet", "quicksight:DeleteDataSet",
      "quicksight:CreateIngestion", "quicksight:CancelIngestion", "quicksight:UpdateDataSetPermissions",
    ]
  }
}
