variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "account" {
  description = "AWS account id."
  type        = string
}

variable "settings" {
  description = "Owner, and the warehouse's address."
  type = object({
    principal_arn      = string
    host               = string
    port               = number
    database           = string
    vpc_connection_arn = optional(string)
    secrets_role       = optional(string)
  })
}

variable "secret_arn" {
  description = "Secret with the warehouse's username and password."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the secret."
  type        = string
}

variable "queries" {
  description = "SQL by name."
  type        = map(string)
}
