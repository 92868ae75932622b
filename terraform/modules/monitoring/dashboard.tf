locals {
  # title, and the metrics as a search over all their dimensions or one by one
  graphs = [
    { title = "Freshness, seconds", metrics = [for source in var.sources : [var.name, "Freshness", "Source", source, { stat = "Maximum" }]] },
    { title = "Failed refreshes", metrics = [for source in var.sources : [var.name, "WorkflowFailed", "Workflow", var.workflow_names["refresh-${source}"], { stat = "Maximum" }]] },
    { title = "Events captured, by table", metrics = [[{ expression = "SEARCH('{${var.name},Source,Table} MetricName=\"EventsCaptured\"', 'Sum', 600)", id = "e" }]] },
    { title = "Rows loaded", metrics = [for source in var.sources : [var.name, "RowsLoaded", "Source", source, { stat = "Sum" }]] },
    { title = "Rows in quarantine, by table", metrics = [[{ expression = "SEARCH('{${var.name},Source,Table} MetricName=\"RowsQuarantined\"', 'Sum', 600)", id = "q" }]] },
    { title = "Deletions held back, by table", metrics = [[{ expression = "SEARCH('{${var.name},Source,Table} MetricName=\"DeferredDeletions\"', 'Maximum', 600)", id = "d" }]] },
    {
      title = "Schemas: tables held, released, changed"
      metrics = [
        for metric in ["TablesHeld", "TablesReleased", "SchemaChanges"] :
        [{ expression = "SEARCH('{${var.name},Source,Table} MetricName=\"${metric}\"', 'Sum', 600)", id = lower(metric) }]
      ]
    },
    { title = "Disagreements: audit, reconciliation", metrics = [[var.name, "AuditDisagreements", { stat = "Maximum" }], [var.name, "ReconciliationMismatches", { stat = "Maximum" }]] },
    {
      title = "The sources: transactions from the oldest open one on, looks at a lagging standby"
      metrics = concat(
        [for source in var.sources : [var.name, "WindowTransactions", "Source", source, { stat = "Maximum" }]],
        [for source in var.sources : [var.name, "SourceBehind", "Source", source, { stat = "Sum" }]],
      )
    },
    { title = "Days without exchange rates", metrics = [[{ expression = "SEARCH('{${var.name},Source} MetricName=\"RatesMissing\"', 'Maximum', 86400)", id = "r" }]] },
    { title = "Maintenance: commits put in place, objects deleted", metrics = [[var.name, "CommitsRecovered", { stat = "Sum" }], [var.name, "ObjectsExpired", { stat = "Sum" }]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = {
          title = "Alarms"
          # by their names, so that a plan shows the whole dashboard
          alarms = [
            for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.table), values(aws_cloudwatch_metric_alarm.queue)) :
            "arn:${var.partition}:cloudwatch:${var.region}:${var.account}:alarm:${alarm.alarm_name}"
          ]
        }
      }],
      [for index, graph in local.graphs : {
        type = "metric", x = 12 * (index % 2), y = 3 + 6 * floor(index / 2), width = 12, height = 6
        properties = {
          title   = graph.title
          region  = var.region
          period  = 600
          view    = "timeSeries"
          metrics = graph.metrics
        }
      }],
    )
  })
}
