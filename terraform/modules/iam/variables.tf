variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "account" {
  description = "AWS account id."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "jobs" {
  description = "Jobs of pipeline.yaml, by name, each with its access."
  type        = any

  validation {
    condition     = alltrue([for job in var.jobs : can(job.access)])
    error_message = "A job of pipeline.yaml has no access; say which objects, tables, workflows and crawlers it needs."
  }

  validation {
    condition = alltrue(flatten([
      for job in var.jobs : [
        for key in keys(job.access) : contains(["read", "write", "delete", "tables", "starts", "crawls", "source"], key)
      ] if can(job.access)
    ]))
    error_message = "access in pipeline.yaml has read, write, delete, tables, starts, crawls and source, and nothing else."
  }
}

variable "triggers" {
  description = "Triggers of pipeline.yaml, by name: a job that one of a workflow starts may use the run's properties."
  type        = any
}

variable "workflows" {
  description = "Names of the workflows."
  type        = list(string)
}

variable "databases" {
  description = "Names of the catalogue's databases, by zone."
  type        = map(string)
}

variable "bucket_arns" {
  description = "Each bucket's ARN, by zone."
  type        = map(string)
}

variable "kms_key_arn" {
  description = "Key of everything at rest."
  type        = string
}

variable "secret_arns" {
  description = "Each secret's ARN, by name."
  type        = map(string)
}

variable "secrets_by_job" {
  description = "Names of the secrets that each job reads."
  type        = map(list(string))
}

variable "alert_topic" {
  description = "ARN of the topic that alerts are published to."
  type        = string
}

variable "private_jobs" {
  description = "Jobs that run in the VPC."
  type        = set(string)
}

variable "connection" {
  description = "The connection of those jobs, with its subnet and security group; null without a VPC."
  type = object({
    name               = string
    subnet_arn         = string
    security_group_arn = string
  })
}

variable "permissions_boundary" {
  description = "Policy that limits the roles; null for none."
  type        = string
  default     = null
}

variable "file_sources" {
  description = "Sources of kind files, by name: their bucket, the prefix of their files, and the role that reads them where it is another account's."
  type = map(object({
    bucket = string
    prefix = string
    role   = string
  }))
  default = {}
}
