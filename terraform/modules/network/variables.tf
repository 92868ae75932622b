variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "account" {
  description = "AWS account id."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "shape" {
  description = "private-endpoints or private-nat."
  type        = string
}

variable "zones" {
  description = "Letters of the availability zones."
  type        = list(string)
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "database_cidrs" {
  description = "Addresses of private databases outside the VPC."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "Key of the flow logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which flow logs are kept."
  type        = number
}

variable "permissions_boundary" {
  description = "Policy that limits the roles; null for none."
  type        = string
  default     = null
}
