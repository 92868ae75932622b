output "environment" {
  description = "What `totelake --target aws` takes from the environment."
  value = {
    AWS_REGION                = var.region
    TOTELAKE_PREFIX           = var.name
    TOTELAKE_INGESTION_BUCKET = local.ingestion_bucket
    TOTELAKE_PROCESSED_BUCKET = local.processed_bucket
    TOTELAKE_ARTIFACTS_BUCKET = local.artifacts_bucket
    TOTELAKE_ALERT_TOPIC      = module.monitoring.topic_arn
    TOTELAKE_ATHENA_WORKGROUP = module.athena.workgroup
  }
}

output "artifacts_bucket" {
  description = "Bucket that releases are published to."
  value       = local.artifacts_bucket
}

output "release" {
  description = "What the jobs run."
  value       = var.release
}

output "job_roles" {
  description = "Each job's role."
  value       = module.iam.job_role_arns
}

output "people_roles" {
  description = "Roles for people, by name; none without `people`."
  value       = module.people.role_arns
}

output "secrets" {
  description = "Secrets that need a value before the first run."
  value       = module.secrets.arns
}

output "refresh_workflows" {
  description = "Workflow from each source to the warehouse, by source."
  value       = { for source in keys(local.sources) : source => module.workflow.names["refresh-${source}"] }
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

output "warehouse_clients" {
  description = "Security group of who may connect to the warehouse that was created, beside the jobs; null without."
  value       = var.create_warehouse ? module.warehouse[0].clients_security_group_id : null
}

output "warehouse_administrator_secret" {
  description = "ARN of the secret in which RDS keeps the administrator's password of the warehouse that was created; null without."
  value       = var.create_warehouse ? try(module.warehouse[0].administrator_secret[0].secret_arn, null) : null
}

output "vpc_id" {
  description = "VPC of the jobs with a private database; null without."
  value       = local.is_private ? module.network[0].vpc_id : null
}
