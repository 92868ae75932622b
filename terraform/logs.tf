# Log groups live longer than what writes to them: those of both ways to publish are kept, so that a change from one to the
# other loses no logs. With an encrypting security configuration AWS Glue names them by it and by the role.
locals {
  log_prefixes = {
    pythonshell = { "" = "/aws-glue/python-jobs/${var.name}-role/" }
    # which one AWS Glue takes where a security configuration meets a prefix is documented nowhere
    glueetl = { "" = "/aws-glue/${var.name}/${var.name}-role/", "default/" = "/aws-glue/jobs/${var.name}-role/" }
  }
  warehouse_logs       = var.create_warehouse ? toset(["postgresql", "upgrade"]) : toset([])
  warehouse_log_groups = { for log in local.warehouse_logs : log => "/aws/rds/instance/${var.name}-warehouse/${log}" }

  log_groups = merge(
    { crawler = "/aws-glue/crawlers-role/${var.name}-crawler-${var.name}" },
    [
      for job, spec in local.jobs : merge([
        for key, prefix in local.log_prefixes[spec.kind] : {
          for stream in ["error", "output"] : "${job}/${key}${stream}" => "${prefix}${var.name}-${job}/${stream}"
        }
      ]...)
    ]...
  )
}

# A run that ends after its log group was destroyed makes it again, and a crawl from before there was one for it made its own.
data "aws_cloudwatch_log_groups" "existing" {
  for_each = toset(concat(
    ["/aws-glue/crawlers-role/${var.name}-crawler-"],
    flatten([for prefixes in local.log_prefixes : values(prefixes)]),
    [for log in local.warehouse_logs : "/aws/rds/instance/${var.name}-warehouse/"],
  ))

  log_group_name_prefix = each.value
}

locals {
  existing_log_groups = flatten([for found in data.aws_cloudwatch_log_groups.existing : tolist(found.log_group_names)])
}

# those that RDS made for a warehouse from before they were made here
import {
  for_each = { for log, name in local.warehouse_log_groups : log => name if contains(local.existing_log_groups, name) }

  to = module.warehouse[0].aws_cloudwatch_log_group.this[each.key]
  id = each.value
}

import {
  for_each = { for key, name in local.log_groups : key => name if contains(local.existing_log_groups, name) }

  to = module.jobs.aws_cloudwatch_log_group.this[each.key]
  id = each.value
}
