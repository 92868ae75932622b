variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "jobs" {
  description = "Jobs of pipeline.yaml, by name, each with its script."
  type        = any
}

variable "defaults" {
  description = "Defaults of pipeline.yaml: arguments of all jobs, and each kind's size, version and arguments."
  type        = any
}

variable "glue_version" {
  description = "AWS Glue version of the Spark jobs in place of the default; null for that."
  type        = string
}

variable "release" {
  description = "Content hash, wheels and jars of the release."
  type = object({
    id        = string
    wheel     = string
    libraries = list(string)
    compiled  = list(string)
    jars      = list(string)
  })
}

variable "artifacts_bucket" {
  description = "Bucket with the releases."
  type        = string
}

variable "role_arns" {
  description = "Each job's role, by job."
  type        = map(string)
}

variable "log_groups" {
  description = "Log groups to keep, by what writes to them."
  type        = map(string)
}

variable "connections" {
  description = "Connections of the jobs with a private database, by job."
  type        = map(list(string))
}

variable "kms_key_arn" {
  description = "Key of data and logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "execution_class" {
  description = "STANDARD or FLEX, of Spark jobs."
  type        = string
}

variable "monitoring" {
  description = "What Spark jobs tell: event-logs, insights, metrics."
  type        = set(string)
}
