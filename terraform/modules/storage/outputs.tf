output "bucket_arns" {
  description = "Each bucket's ARN, by zone."
  value       = local.arns
}

output "kms_key_arn" {
  description = "Key of everything at rest."
  value       = aws_kms_key.data.arn
}

output "policies" {
  description = "Each bucket's policy, by zone."
  value       = { for zone, document in data.aws_iam_policy_document.bucket : zone => document.json }
}

output "key_policy" {
  description = "The key's policy."
  value       = data.aws_iam_policy_document.key.json
}

output "protection" {
  description = "Key of the object that stops a destroy while a bucket has data."
  value       = local.protection
}
