variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "databases" {
  description = "Names of the Data Catalog's databases, by zone."
  type        = map(string)
}

variable "crawlers" {
  description = "Crawlers of pipeline.yaml, by name, each with its source."
  type        = any
}

variable "tables_by_source" {
  description = "Names of the ingested tables, by source."
  type        = map(list(string))
}

variable "ingestion_bucket" {
  description = "Bucket that is crawled."
  type        = string
}

variable "role_arn" {
  description = "Role of the crawlers."
  type        = string
}

variable "security_configuration" {
  description = "Security configuration of the crawlers."
  type        = string
}
