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

variable "github_ids" {
  description = "Numbers of the repository's owner and of the repository, which stand in the subject `repo:OWNER@ID/NAME@ID:...` of repositories that were made, renamed or transferred since 2026-07-15 or asked for it; null trusts the names alone, as others send them. With `trust_names = false` the names alone are not trusted beside it."
  type        = object({ owner = number, repository = number, trust_names = optional(bool, true) })
  default     = null

  validation {
    condition     = try(alltrue([for id in [var.github_ids.owner, var.github_ids.repository] : id > 0 && floor(id) == id]), var.github_ids == null)
    error_message = "github_ids has the numbers that `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints: {owner = 123456, repository = 456789}."
  }

  validation {
    condition     = var.github_ids == null || var.github_repository != null
    error_message = "github_ids belongs to a github_repository: name it."
  }
}

variable "environments" {
  description = "GitHub environments that may deploy: each gets a role that only its jobs can assume."
  type        = set(string)
  default     = ["dev", "prod"]
}

variable "deployment_policies" {
  description = "Names of AWS's own policies of the deploying roles. What they may do beyond the deployment's own roles is theirs in the whole account: give each environment an account of its own where that is too much."
  type        = list(string)
  default     = ["PowerUserAccess"]
}

variable "github_provider_arn" {
  description = "ARN of GitHub's OIDC provider where the account has one already, for it can have only one; null makes it."
  type        = string
  default     = null

  validation {
    condition     = var.github_provider_arn == null || can(regex("^arn:[^:]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", coalesce(var.github_provider_arn, "-")))
    error_message = "github_provider_arn is the ARN of the provider token.actions.githubusercontent.com of this account."
  }
}
