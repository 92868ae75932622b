variable "name" {
  description = "Prefix of the bucket's name."
  type        = string
  default     = "totelake"
}

variable "region" {
  description = "AWS region of the state."
  type        = string
  default     = "eu-west-2"
}

variable "cost_center" {
  description = "Value of the tag cost-center."
  type        = string
  default     = "data-platform"
}

variable "github_repository" {
  description = "owner/name of the repository whose workflows deploy through OIDC; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[^/*]+/[^/*]+$", coalesce(var.github_repository, "-")))
    error_message = "github_repository is owner/name, without a wildcard."
  }
}

variable "environments" {
  description = "GitHub environments that may deploy: each gets a role that only its jobs can assume."
  type        = set(string)
  default     = ["dev", "prod"]
}

variable "deployment_policy_arns" {
  description = "Policies of the deploying roles. They make roles and policies, so they are as powerful as an administrator of what bears the prefix."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/PowerUserAccess"]
}
