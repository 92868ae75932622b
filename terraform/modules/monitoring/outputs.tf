output "topic_arn" {
  description = "Topic of the alerts."
  value       = aws_sns_topic.alerts.arn
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarms" {
  description = "Alarms on one metric each, by name."
  value       = aws_cloudwatch_metric_alarm.this
}

output "rules" {
  description = "Rules on events of AWS Glue, by name."
  value       = aws_cloudwatch_event_rule.this
}

output "targets" {
  description = "Mails of single events, by rule; none unless they are wanted."
  value       = aws_cloudwatch_event_target.topic
}

output "queue_alarms" {
  description = "Alarms on the queues, by queue."
  value       = aws_cloudwatch_metric_alarm.queue
}

output "table_alarms" {
  description = "Alarms on the sum of a metric over all tables, by name."
  value       = aws_cloudwatch_metric_alarm.table
}
