output "job_role_arns" {
  description = "Each job's role, by job."
  value       = { for name, role in aws_iam_role.job : name => role.arn }
}

output "crawler_role_arn" {
  description = "Role of the crawlers."
  value       = aws_iam_role.crawler.arn
}

output "job_policies" {
  description = "What each job's role may do, as JSON, by job."
  value       = { for name, policy in data.aws_iam_policy_document.job : name => policy.json }
}

output "crawler_policy" {
  description = "What the crawlers' role may do, as JSON."
  value       = data.aws_iam_policy_document.crawler.json
}
