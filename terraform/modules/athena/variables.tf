variable "name" {
  description = "Name of the workgroup, and prefix of its queries."
  type        = string
}

variable "database" {
  description = "Database that queries are about."
  type        = string
}

variable "artifacts_bucket" {
  description = "Bucket that results are written to, under athena/."
  type        = string
}

variable "account" {
  description = "AWS account that owns the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts results."
  type        = string
}

variable "scan_limit_gb" {
  description = "Gigabytes that one query may scan."
  type        = number
}

variable "queries" {
  description = "SQL by name."
  type        = map(string)
}
