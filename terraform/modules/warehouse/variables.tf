variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the database."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the jobs, which may connect."
  type        = string
}

variable "instance_class" {
  description = "Instance class."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the storage, the administrator's secret and the insights."
  type        = string
}

variable "account" {
  description = "AWS account id."
  type        = string
}

variable "log_groups" {
  description = "Log group that RDS writes each exported log to, by the log's name."
  type        = map(string)
}

variable "log_retention_days" {
  description = "Days that the exported logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether RDS refuses to delete the database."
  type        = bool
}

variable "permissions_boundary" {
  description = "Policy that limits the roles; null for none."
  type        = string
  default     = null
}
