output "role_arns" {
  description = "Roles for people, by name: analysts, operators."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "policies" {
  description = "What each role may do, as JSON, by name."
  value       = { for name, document in local.policies : name => document.json }
}
