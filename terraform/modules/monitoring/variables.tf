variable "name" {
  description = "Prefix of the deployment's names, and the namespace of its metrics."
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

variable "job_names" {
  description = "Deployed names of the jobs, by name."
  type        = map(string)
}

variable "job_retries" {
  description = "How often AWS Glue tries a failed run of each job again, by job."
  type        = map(number)
}

variable "crawler_names" {
  description = "Deployed names of the crawlers, by name."
  type        = map(string)
}

variable "workflow_names" {
  description = "Deployed names of the workflows, by name."
  type        = map(string)
}

variable "sources" {
  description = "Names of the sources, each with a watch and a refresh of its own."
  type        = list(string)
}

variable "alert_emails" {
  description = "Addresses that alerts are mailed to."
  type        = set(string)
}

variable "alert_every_failure" {
  description = "Whether each failed run is mailed at once, beside what watch tells."
  type        = bool
}

variable "feeds" {
  description = "Names of the sources that are no database, each with a schedule of its own."
  type        = list(string)
  default     = []
}

variable "freshness_minutes" {
  description = "Minutes by which the lake may lag behind the source."
  type        = number
}

variable "schedules_enabled" {
  description = "Whether anything runs by itself: before that, missing figures alarm nobody."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key of messages."
  type        = string
}

variable "monthly_budget_usd" {
  description = "US dollars a month, over which the addresses are told; null for none."
  type        = number
}
