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

variable "ingestion_bucket" {
  description = "Name of the ingestion bucket."
  type        = string
}

variable "processed_bucket" {
  description = "Name of the processed bucket."
  type        = string
}

variable "artifacts_bucket" {
  description = "Name of the bucket with releases and query results."
  type        = string
}

variable "landing_buckets" {
  description = "Names of the buckets that others put files into, for sources of kind files, by their key in this module."
  type        = map(string)
  default     = {}
}

variable "access_log_bucket" {
  description = "Bucket for S3's access logs; null for none."
  type        = string
  default     = null
}

variable "noncurrent_days" {
  description = "Days for which replaced or deleted versions are kept."
  type        = number
}
