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

variable "analysts" {
  description = "ARNs of who may assume the role that reads the lake; none for no role."
  type        = set(string)
}

variable "operators" {
  description = "ARNs of who may assume the role that sees runs; none for no role."
  type        = set(string)
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

variable "workgroup" {
  description = "Athena workgroup."
  type        = string
}

variable "job_names" {
  description = "Deployed names of the jobs."
  type        = list(string)
}

variable "crawler_names" {
  description = "Deployed names of the crawlers."
  type        = list(string)
}

variable "workflow_names" {
  description = "Deployed names of the workflows."
  type        = list(string)
}

variable "permissions_boundary" {
  description = "Policy that limits the roles; null for none."
  type        = string
}
