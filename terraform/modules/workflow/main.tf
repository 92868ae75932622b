locals {
  # AWS Glue allows one trigger that is not conditional in each workflow
  starts = {
    for workflow in keys(var.workflows) : workflow => [
      for name, trigger in var.triggers : name if try(trigger.workflow, null) == workflow && trigger.type != "CONDITIONAL"
    ]
  }
  # a conditional trigger only sees what triggers of its own workflow have started
  started = {
    for workflow in keys(var.workflows) : workflow => toset(flatten([
      for trigger in var.triggers : trigger.jobs if try(trigger.workflow, null) == workflow
    ]))
  }
}

resource "aws_glue_workflow" "this" {
  for_each = var.workflows

  name                = "${var.name}-${each.key}"
  description         = each.value.description
  max_concurrent_runs = each.value.max_concurrent_runs

  lifecycle {
    precondition {
      condition     = length(local.starts[each.key]) == 1
      error_message = "The workflow ${each.key} has ${length(local.starts[each.key])} start triggers; AWS Glue takes exactly one, ON_DEMAND or SCHEDULED."
    }
  }
}

resource "aws_glue_trigger" "this" {
  for_each = var.triggers

  name          = "${var.name}-${each.key}"
  type          = each.value.type
  schedule      = each.value.type == "SCHEDULED" ? each.value.schedule : null
  workflow_name = can(each.value.workflow) ? aws_glue_workflow.this[each.value.workflow].name : null

  # to enable an ON_DEMAND trigger is to fire it: the provider would start a run with every creation
  enabled = each.value.type == "SCHEDULED" ? var.schedules_enabled : each.value.type == "CONDITIONAL"

  dynamic "actions" {
    for_each = each.value.jobs

    content {
      job_name = var.job_names[actions.value]
    }
  }

  dynamic "predicate" {
    for_each = each.value.type == "CONDITIONAL" ? [each.value.after] : []

    content {
      logical = "AND"

      dynamic "conditions" {
        for_each = predicate.value

        content {
          job_name         = var.job_names[conditions.value]
          state            = "SUCCEEDED"
          logical_operator = "EQUALS"
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for job in try(each.value.after, []) : contains(local.started[each.value.workflow], job)])
      error_message = "The trigger ${each.key} waits for a job that no trigger of its workflow starts, so it would never fire."
    }
  }
}
