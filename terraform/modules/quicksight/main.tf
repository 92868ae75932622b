locals {
  # in a query's header: `-- columns: year INTEGER, revenue DECIMAL`
  columns = {
    for name, sql in var.queries : name => [for column in split(",", try(regex("-- columns:([^\n]*)", sql)[0], "")) : trimspace(column) if trimspace(column) != ""]
  }
  readers = var.settings.secrets_role == null ? toset([]) : toset([var.settings.secrets_role])
}

# The role by which QuickSight reads secrets; it is there once the access to Secrets Manager was allowed in QuickSight.
data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "Secret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "reader" {
  for_each = local.readers

  name   = "${var.name}-warehouse"
  role   = each.value
  policy = data.aws_iam_policy_document.reader.json
}

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

  depends_on = [aws_iam_role_policy.reader]

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

  lifecycle {
    precondition {
      condition     = length(local.columns[each.key]) > 0
      error_message = "The query ${each.key} has no line '-- columns: name TYPE, ...', which QuickSight needs."
    }
  }

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

      # QuickSight takes no query whose columns it is not told
      dynamic "columns" {
        for_each = local.columns[each.key]

        content {
          name = split(" ", columns.value)[0]
          type = split(" ", columns.value)[1]
        }
      }
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
