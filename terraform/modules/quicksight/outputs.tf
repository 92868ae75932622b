output "data_source_arn" {
  description = "The warehouse as a data source."
  value       = aws_quicksight_data_source.warehouse.arn
}

output "data_source" {
  description = "The data source."
  value       = aws_quicksight_data_source.warehouse
}

output "data_sets" {
  description = "The data sets, by query."
  value       = aws_quicksight_data_set.this
}
