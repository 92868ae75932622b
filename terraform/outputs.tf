output "ingestion_bucket" {
  description = "Bucket of the ingestion zone: TOTELAKE_INGESTION_BUCKET."
  value       = local.ingestion_bucket
}

output "processed_bucket" {
  description = "Bucket of the processed zone: TOTELAKE_PROCESSED_BUCKET."
  value       = local.processed_bucket
}

output "artifacts_bucket" {
  description = "Bucket that releases are published to: TOTELAKE_ARTIFACTS_BUCKET."
  value       = local.artifacts_bucket
}

output "prefix" {
  description = "Prefix of the deployment's names: TOTELAKE_PREFIX."
  value       = var.name
}

output "alert_topic" {
  description = "Topic that alerts are published to: TOTELAKE_ALERT_TOPIC."
  value       = module.monitoring.topic_arn
}

output "job_roles" {
  description = "Each job's role."
  value       = module.iam.job_role_arns
}

output "secrets" {
  description = "Secrets that need a value before the first run."
  value       = module.secrets.arns
}

output "refresh_workflow" {
  description = "Workflow from the source to the warehouse."
  value       = module.workflow.names["refresh"]
}

output "athena_workgroup" {
  description = "Athena workgroup with the named queries."
  value       = module.athena.workgroup
}

output "dashboard" {
  description = "CloudWatch dashboard."
  value       = module.monitoring.dashboard
}

output "warehouse_address" {
  description = "Host and port of the warehouse that was created; null without."
  value       = var.create_warehouse ? module.warehouse[0].address : null
}

output "vpc_id" {
  description = "VPC of the jobs with a private database; null without."
  value       = local.is_private ? module.network[0].vpc_id : null
}
