output "backend" {
  description = "Lines of the backend configuration file: `terraform -chdir=terraform init -backend-config=FILE`, with a key for each deployment."
  value = {
    bucket     = aws_s3_bucket.state.bucket
    region     = var.region
    kms_key_id = aws_kms_key.state.arn
  }
}

output "deployment_roles" {
  description = "Role of each GitHub environment."
  value       = { for environment, role in aws_iam_role.deploy : environment => role.arn }
}
