variable "name" {
  description = "Prefix of the deployment's names."
  type        = string
}

variable "workflows" {
  description = "Workflows of pipeline.yaml, by name."
  type        = any
}

variable "triggers" {
  description = "Triggers of pipeline.yaml, by name."
  type        = any
}

variable "job_names" {
  description = "Deployed names of the jobs, by name."
  type        = map(string)
}

variable "schedules_enabled" {
  description = "Whether scheduled triggers run."
  type        = bool
}
