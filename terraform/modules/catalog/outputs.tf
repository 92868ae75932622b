output "crawler_names" {
  description = "Deployed names of the crawlers, by name."
  value       = { for name, crawler in aws_glue_crawler.this : name => crawler.name }
}
