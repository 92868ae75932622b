module "storage" {
  source = "./modules/storage"

  name             = var.name
  account          = local.account
  partition        = local.partition
  region           = var.region
  ingestion_bucket = local.ingestion_bucket
  processed_bucket = local.processed_bucket
  artifacts_bucket = local.artifacts_bucket
  landing_buckets  = local.landing_buckets
  noncurrent_days  = var.noncurrent_days

  access_log_bucket = var.access_log_bucket
}

module "catalog" {
  source = "./modules/catalog"

  databases        = local.pipeline.databases
  crawlers         = local.pipeline.crawlers
  tables_by_source = local.tables_by_source
  name             = var.name
  ingestion_bucket = local.ingestion_bucket
  role_arn         = module.iam.crawler_role_arn

  security_configuration = module.jobs.security_configuration
}

module "secrets" {
  source = "./modules/secrets"

  names       = toset(flatten(values(local.secrets_by_job)))
  kms_key_arn = module.storage.kms_key_arn

  recovery_days = var.secret_recovery_days
}

module "iam" {
  source = "./modules/iam"

  name           = var.name
  account        = local.account
  partition      = local.partition
  region         = var.region
  jobs           = local.pipeline.jobs
  triggers       = local.pipeline.triggers
  workflows      = keys(local.pipeline.workflows)
  databases      = local.pipeline.databases
  file_sources   = local.file_sources
  bucket_arns    = module.storage.bucket_arns
  kms_key_arn    = module.storage.kms_key_arn
  secret_arns    = module.secrets.arns
  secrets_by_job = local.secrets_by_job
  alert_topic    = local.alert_topic
  private_jobs   = local.private_jobs
  connection     = local.is_private ? module.network[0].connection : null

  permissions_boundary = var.permissions_boundary
}

module "network" {
  source = "./modules/network"
  count  = local.is_private ? 1 : 0

  name           = var.name
  account        = local.account
  region         = var.region
  shape          = var.network_shape
  cidr           = var.vpc_cidr
  zones          = var.zones
  database_cidrs = var.database_cidrs
  kms_key_arn    = module.storage.kms_key_arn

  log_retention_days   = var.log_retention_days
  permissions_boundary = var.permissions_boundary
}

module "jobs" {
  source = "./modules/jobs"

  name               = var.name
  jobs               = local.pipeline.jobs
  defaults           = local.pipeline.defaults
  glue_version       = var.glue_version
  release            = var.release
  artifacts_bucket   = local.artifacts_bucket
  role_arns          = module.iam.job_role_arns
  log_groups         = local.log_groups
  execution_class    = var.spark_execution_class
  monitoring         = var.spark_monitoring
  connections        = { for job in local.private_jobs : job => [module.network[0].connection.name] }
  kms_key_arn        = module.storage.kms_key_arn
  log_retention_days = var.log_retention_days
}

module "workflow" {
  source = "./modules/workflow"

  name              = var.name
  workflows         = local.pipeline.workflows
  triggers          = local.pipeline.triggers
  job_names         = module.jobs.names
  schedules_enabled = var.schedules_enabled
}

module "monitoring" {
  source = "./modules/monitoring"

  name              = var.name
  account           = local.account
  partition         = local.partition
  region            = var.region
  job_names         = module.jobs.names
  job_retries       = module.jobs.retries
  crawler_names     = module.catalog.crawler_names
  workflow_names    = module.workflow.names
  sources           = keys(local.sources)
  alert_emails      = var.alert_emails
  feeds             = [for name, source in local.sources : name if source.kind != "postgres"]
  freshness_minutes = var.freshness_minutes

  alert_every_failure = var.alert_every_failure
  monthly_budget_usd  = var.monthly_budget_usd
  schedules_enabled   = var.schedules_enabled
  kms_key_arn         = module.storage.kms_key_arn
}

module "athena" {
  source = "./modules/athena"

  name             = var.name
  database         = local.pipeline.databases.processed
  artifacts_bucket = local.artifacts_bucket
  account          = local.account
  kms_key_arn      = module.storage.kms_key_arn
  scan_limit_gb    = var.athena_scan_limit_gb
  queries          = local.lake_queries
}

module "quicksight" {
  source = "./modules/quicksight"
  count  = var.quicksight == null ? 0 : 1

  name       = var.name
  account    = local.account
  region     = var.region
  settings   = var.quicksight
  secret_arn = module.secrets.arns["${var.name}/warehouse"]
  queries    = local.warehouse_queries

  kms_key_arn = module.storage.kms_key_arn
}

module "warehouse" {
  source = "./modules/warehouse"
  count  = var.create_warehouse ? 1 : 0

  name              = var.name
  subnet_ids        = module.network[0].subnet_ids
  vpc_id            = module.network[0].vpc_id
  security_group_id = module.network[0].security_group_id
  instance_class    = var.warehouse_instance_class
  kms_key_arn       = module.storage.kms_key_arn
  account           = local.account
  partition         = local.partition

  log_groups           = local.warehouse_log_groups
  log_retention_days   = var.log_retention_days
  deletion_protection  = var.warehouse_deletion_protection
  permissions_boundary = var.permissions_boundary
}

module "people" {
  source = "./modules/people"

  name           = var.name
  account        = local.account
  partition      = local.partition
  region         = var.region
  analysts       = var.people.analysts
  operators      = var.people.operators
  databases      = local.pipeline.databases
  bucket_arns    = module.storage.bucket_arns
  kms_key_arn    = module.storage.kms_key_arn
  workgroup      = module.athena.workgroup
  job_names      = values(module.jobs.names)
  crawler_names  = values(module.catalog.crawler_names)
  workflow_names = values(module.workflow.names)

  permissions_boundary = var.permissions_boundary
}
