# Buckets and their policies; a policy document is put together without asking AWS, so nothing is mocked.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name             = "shop"
  account          = "123456789012"
  partition        = "aws"
  region           = "eu-west-2"
  ingestion_bucket = "in"
  processed_bucket = "out"
  artifacts_bucket = "code"
  noncurrent_days  = 90
}

run "commits_are_written_once" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition = { for zone, policy in output.policies : zone => sort(flatten([for statement in jsondecode(policy).Statement : statement.Resource if statement.Sid == "WrittenOnce"])) } == {
      artifacts = sort([])
      ingestion = sort(["arn:aws:s3:::in/_commits/*", "arn:aws:s3:::in/_schemas/*"])
      processed = sort(["arn:aws:s3:::out/_commits/*"])
    }
    error_message = "Commits and known schemas are written once."
  }

  assert {
    condition = alltrue([for zone in ["ingestion", "processed"] : one([
      for statement in jsondecode(output.policies[zone]).Statement : statement if statement.Sid == "WrittenOnce"
    ]).Effect == "Deny" && strcontains(output.policies[zone], "s3:if-none-match")])
    error_message = "A PutObject without If-None-Match is denied."
  }
}

run "a_destroy_is_refused_while_a_bucket_has_its_protection" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition     = { for zone, object in aws_s3_object.protection : zone => object.key } == { for zone in ["ingestion", "processed", "artifacts"] : zone => "totelake-protection.txt" }
    error_message = "Every bucket has the object that stops a destroy."
  }
}

run "what_is_staged_is_not_stored_twice_and_delete_markers_go" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition = { for zone, rules in aws_s3_bucket_lifecycle_configuration.this : zone => [
      for rule in rules.rule : "${rule.filter[0].prefix} ${rule.noncurrent_version_expiration[0].noncurrent_days}" if rule.id == "staged"
    ] } == { ingestion = ["_inflight/ 1"], processed = ["_inflight/ 1"], artifacts = [] }
    error_message = "A staged object's former versions go after a day."
  }

  assert {
    condition     = alltrue([for rules in aws_s3_bucket_lifecycle_configuration.this : one([for rule in rules.rule : rule.expiration[0].expired_object_delete_marker if rule.id == "noncurrent-versions"])])
    error_message = "Delete markers with nothing below them expire."
  }
}

run "events_reach_an_encrypted_topic" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition     = one([for statement in jsondecode(output.key_policy).Statement : !can(statement.Condition) && statement.Principal.Service == "events.amazonaws.com" if statement.Sid == "Events"])
    error_message = "EventBridge uses the key without a condition, which it would not meet."
  }

  assert {
    condition     = one([for statement in jsondecode(output.key_policy).Statement : statement.Condition.StringEquals["aws:SourceAccount"] if statement.Sid == "Messages"]) == "123456789012"
    error_message = "CloudWatch and SNS use the key for this account."
  }
}

run "only_tls_is_answered" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition = alltrue([for policy in output.policies : one([
      for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && statement.Action == "s3:*" && statement.Condition.Bool["aws:SecureTransport"] == "false" if statement.Sid == "OnlyByTls"
    ])])
    error_message = "Every bucket denies what does not come by TLS."
  }
}

run "buckets_are_private_versioned_and_encrypted_with_bucket_keys" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition = alltrue([for access in aws_s3_bucket_public_access_block.this :
    access.block_public_acls && access.block_public_policy && access.ignore_public_acls && access.restrict_public_buckets])
    error_message = "No bucket is public."
  }

  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket keeps versions."
  }

  assert {
    condition = alltrue([for encryption in aws_s3_bucket_server_side_encryption_configuration.this : alltrue([
      for rule in encryption.rule : rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])])
    error_message = "Every bucket is encrypted by KMS, with a bucket key."
  }
}

run "no_rule_expires_data" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition = alltrue(flatten([for zone in ["ingestion", "processed"] : [
      for rule in aws_s3_bucket_lifecycle_configuration.this[zone].rule : alltrue([for one in rule.expiration : one.expired_object_delete_marker]) && length(rule.transition) == 0 if !startswith(rule.id, "canary")
    ]]))
    error_message = "Only incomplete uploads, noncurrent versions and what is left of them end."
  }

  assert {
    condition = { for zone, rules in aws_s3_bucket_lifecycle_configuration.this : zone => join(" ", [
      for rule in rules.rule : rule.filter[0].prefix if startswith(rule.id, "canary")
    ]) } == { ingestion = "_canary/ _commits/canary/", processed = "_canary/ _commits/canary/", artifacts = "" }
    error_message = "What the canary leaves expires, and nothing beside it."
  }
}
