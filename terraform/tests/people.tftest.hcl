# Roles of people: what each may do, read as JSON. Nothing is mocked: a policy document is put together without asking AWS.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name                 = "shop"
  account              = "123456789012"
  partition            = "aws"
  region               = "eu-west-2"
  analysts             = ["arn:aws:iam::123456789012:role/analyst", "arn:aws:iam::123456789012:user/ada"]
  operators            = ["arn:aws:iam::123456789012:role/operator"]
  databases            = { ingestion = "shop_ingestion", processed = "shop_processed" }
  bucket_arns          = { ingestion = "arn:aws:s3:::in", processed = "arn:aws:s3:::out", artifacts = "arn:aws:s3:::code" }
  kms_key_arn          = "arn:aws:kms:eu-west-2:123456789012:key/1"
  workgroup            = "shop"
  job_names            = ["shop-watch"]
  crawler_names        = ["shop-ingestion"]
  workflow_names       = ["shop-refresh"]
  permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
}

run "each_role_is_assumed_by_its_own_people_within_the_boundary" {
  command = plan

  module {
    source = "./modules/people"
  }

  assert {
    condition = { for name, role in aws_iam_role.this : name => toset(flatten([for statement in jsondecode(role.assume_role_policy).Statement : statement.Principal.AWS])) } == {
      analysts  = toset(["arn:aws:iam::123456789012:role/analyst", "arn:aws:iam::123456789012:user/ada"])
      operators = toset(["arn:aws:iam::123456789012:role/operator"])
    }
    error_message = "A role is assumed by those who are named for it, and by nobody else."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Roles of people are within the boundary of the deployment."
  }
}

run "a_role_without_people_is_not_made" {
  command = plan

  module {
    source = "./modules/people"
  }

  variables {
    analysts = []
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["operators"]
    error_message = "Nobody is named for analysts."
  }
}

run "people_change_nothing_but_results_of_athena" {
  command = plan

  module {
    source = "./modules/people"
  }

  assert {
    condition = toset(flatten([for policy in output.policies : [for statement in jsondecode(policy).Statement : [
      for action in flatten([statement.Action]) : action if !can(regex(":(Get|List|Describe|BatchGet|FilterLogEvents$)", action))
    ]]])) == toset(["athena:StartQueryExecution", "athena:StopQueryExecution", "s3:AbortMultipartUpload", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey", "logs:StartQuery"])
    error_message = "Everything but queries and their results is reading."
  }

  assert {
    condition     = toset(flatten([for policy in output.policies : [for statement in jsondecode(policy).Statement : statement.Resource if length(setintersection(toset(flatten([statement.Action])), toset(["s3:PutObject", "s3:AbortMultipartUpload"]))) > 0]])) == toset(["arn:aws:s3:::code/athena/*"])
    error_message = "Objects are written below Athena's results alone: not into data, releases or states."
  }

  assert {
    condition     = alltrue(flatten([for policy in output.policies : [for statement in jsondecode(policy).Statement : [statement.Effect == "Allow", [for action in flatten([statement.Action]) : !strcontains(action, "*")]]]]))
    error_message = "Every action is named."
  }
}

run "analysts_see_the_processed_zone_alone" {
  command = plan

  module {
    source = "./modules/people"
  }

  assert {
    condition     = !strcontains(output.policies["analysts"], "arn:aws:s3:::in") && !strcontains(output.policies["analysts"], "shop_ingestion")
    error_message = "The ingestion zone has raw rows and those in quarantine."
  }

  assert {
    condition     = !can(regex("secretsmanager:|\"sts:|\"iam:|glue:(Start|Create|Update|Delete)", output.policies["analysts"]))
    error_message = "No secret, no other role, no change of the catalogue."
  }

  assert {
    condition     = one([for statement in jsondecode(output.policies["analysts"]).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "Key"]) == "s3.eu-west-2.amazonaws.com"
    error_message = "The key opens objects of S3 and nothing else."
  }
}

run "operators_see_runs_and_no_data" {
  command = plan

  module {
    source = "./modules/people"
  }

  assert {
    condition     = !can(regex("\"(s3|kms|athena|secretsmanager|sts|iam):", output.policies["operators"]))
    error_message = "Runs, logs and metrics: no object, no key, no secret."
  }

  assert {
    condition     = [for statement in jsondecode(output.policies["operators"]).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")] == ["Metrics"]
    error_message = "Only what lists and reads metrics has Resource \"*\": CloudWatch knows no resources for it."
  }

  assert {
    condition = toset(one([for statement in jsondecode(output.policies["operators"]).Statement : flatten([statement.Resource]) if statement.Sid == "Runs"])) == toset([
      "arn:aws:glue:eu-west-2:123456789012:job/shop-watch",
      "arn:aws:glue:eu-west-2:123456789012:workflow/shop-refresh",
      "arn:aws:glue:eu-west-2:123456789012:crawler/shop-ingestion",
    ])
    error_message = "Runs of the deployment, and of no other."
  }
}
