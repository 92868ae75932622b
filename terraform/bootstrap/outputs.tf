output "backend" {
  description = "Settings of the backend, without the key, which each deployment has its own."
  value = {
    bucket     = aws_s3_bucket.state.bucket
    region     = var.region
    kms_key_id = aws_kms_key.state.arn
  }
}

output "backend_files" {
  description = "Text of environments/ENV.s3.tfbackend by environment: `terraform output -json backend_files | jq -r .dev`."
  value = {
    for environment in var.environments : environment => <<-EOT
      bucket     = "${aws_s3_bucket.state.bucket}"
      region     = "${var.region}"
      kms_key_id = "${aws_kms_key.state.arn}"
      key        = "${var.name}-${environment}.tfstate"
    EOT
  }
}

output "deployment_roles" {
  description = "Role of each GitHub environment."
  value       = { for environment, role in aws_iam_role.deploy : environment => role.arn }
}

output "permissions_boundary" {
  description = "Boundary of every role that a deployment makes: `permissions_boundary` of an environment that GitHub deploys; null without a repository."
  value       = one(aws_iam_policy.boundary[*].arn)
}

output "deployment_policies" {
  description = "What each deploying role may do with roles and states, as JSON, by environment."
  value       = { for environment, document in data.aws_iam_policy_document.roles : environment => document.json }
}

output "github_subjects" {
  description = "Subjects of GitHub's tokens that may assume the role of each environment."
  value       = local.subjects
}
