terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # bucket, key, region and kms_key_id come from `-backend-config`: see bootstrap/
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
