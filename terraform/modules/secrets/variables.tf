variable "names" {
  description = "Names of the secrets."
  type        = set(string)
}

variable "kms_key_arn" {
  description = "Key that encrypts them."
  type        = string
}
