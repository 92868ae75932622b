variable "names" {
  description = "Names of the secrets."
  type        = set(string)
}

variable "kms_key_arn" {
  description = "Key that encrypts them."
  type        = string
}

variable "recovery_days" {
  description = "Days for which a deleted secret can be restored and its name is taken; 0 for none."
  type        = number
}
