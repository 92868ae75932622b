output "names" {
  description = "Deployed names of the workflows, by name."
  value       = { for name, workflow in aws_glue_workflow.this : name => workflow.name }
}

output "triggers" {
  description = "The triggers, by name."
  value       = aws_glue_trigger.this
}
