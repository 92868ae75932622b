locals {
  # what the jobs publish of each source
  source_alarms = {
    for source in var.sources : source => {
      # a feed is looked at once an hour or once a day
      stale = {
        description = "The lake lags behind ${source} by more than ${contains(var.feeds, source) ? "a day" : "${var.freshness_minutes} minutes"}, or its watch is silent."
        metric      = "Freshness"
        dimensions  = { Source = source }
        # the first change after a quiet night ages from the newest batch on: late is what was late at every look
        statistic   = "Minimum"
        period      = contains(var.feeds, source) ? 86400 : var.freshness_minutes * 60
        threshold   = contains(var.feeds, source) ? 86400 : var.freshness_minutes * 60
        missing     = "breaching"
        evaluations = contains(var.feeds, source) ? 2 : 1
      }
      workflow-failed = {
        description = "A step of the last refresh of ${source} did not succeed."
        metric      = "WorkflowFailed"
        dimensions  = { Workflow = var.workflow_names["refresh-${source}"] }
        statistic   = "Maximum"
        period      = 600
        threshold   = 0
        missing     = "notBreaching"
      }
      source-behind = {
        description = "${source} is a standby that lags, or of an older timeline: nothing is captured until it has caught up."
        metric      = "SourceBehind"
        dimensions  = { Source = source }
        statistic   = "Sum"
        period      = 1800
        threshold   = 2
        missing     = "notBreaching"
      }
    }
  }
  # and of all together
  lake_alarms = {
    reconciliation = {
      description = "Source, lake and warehouse differ beyond work in progress: see what `totelake reconcile` names."
      metric      = "ReconciliationMismatches"
      dimensions  = {}
      statistic   = "Maximum"
      period      = 600
      threshold   = 0
      missing     = "ignore"
    }
    audit = {
      description = "Files, registered schemas, partitions and contracts disagree: see the log of audit-catalog."
      metric      = "AuditDisagreements"
      dimensions  = {}
      statistic   = "Maximum"
      period      = 600
      threshold   = 0
      missing     = "ignore"
    }
  }
  alarms = merge(local.lake_alarms, [
    for source, alarms in local.source_alarms : { for name, alarm in alarms : "${name}-${source}" => alarm }
  ]...)

  # a metric for each table of each source; one alarm for all of them
  table_alarms = {
    quarantine = {
      description = "Rows do not fit and wait in quarantine: see `totelake quarantine list`."
      metric      = "RowsQuarantined"
    }
    deletions-held-back = {
      description = "More rows disappeared from a table than are believed at once: see the log of the ingest job of its source and allow them by --allow_deletes."
      metric      = "DeferredDeletions"
    }
    tables-held = {
      description = "A table breaks its contract and its events wait as dead letters, it cannot be captured, or a star table cannot be built or loaded: see `totelake drift`."
      metric      = "TablesHeld"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = var.name
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = try(each.value.evaluations, 1)
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  actions_enabled     = var.schedules_enabled
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "table" {
  for_each = local.table_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]

  metric_query {
    id          = "total"
    label       = each.value.metric
    period      = 600
    return_data = true
    expression  = "SELECT SUM(${each.value.metric}) FROM SCHEMA(\"${var.name}\", \"Source\", \"Table\")"
  }
}

locals {
  queue_alarms = {
    dead-letters = {
      alarm       = "dead-letters"
      queue       = aws_sqs_queue.dead_letters.name
      description = "Batches of held tables wait: read ${aws_sqs_queue.dead_letters.name}, and delete its messages when the tables are released."
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
    }
    failures = {
      alarm       = "failed-runs"
      queue       = aws_sqs_queue.this["failures"].name
      description = "Jobs or crawlers failed or ran out of time. watch mails what and why; every event is in the queue ${aws_sqs_queue.this["failures"].name}."
      metric      = "NumberOfMessagesSent"
      statistic   = "Sum"
    }
    undelivered-alerts = {
      alarm       = "undelivered-alerts"
      queue       = aws_sqs_queue.this["undelivered-alerts"].name
      description = "Alerts could not be delivered to the topic: read the queue ${aws_sqs_queue.this["undelivered-alerts"].name}."
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = local.queue_alarms

  alarm_name          = "${var.name}-${each.value.alarm}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = each.value.statistic
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}
