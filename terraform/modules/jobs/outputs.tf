output "names" {
  description = "Deployed names of the jobs, by name."
  value       = { for name, job in aws_glue_job.this : name => job.name }
}

output "retries" {
  description = "How often a failed run of each job is tried again, by job."
  value       = { for name, job in aws_glue_job.this : name => job.max_retries }
}

output "security_configuration" {
  description = "Security configuration of jobs and crawlers."
  value       = aws_glue_security_configuration.this.name
}

output "jobs" {
  description = "The jobs, by name."
  value       = aws_glue_job.this
}
