# The bootstrap's boundary and deploying roles, read as JSON. Whose account it is, is said here; the rest asks AWS nothing.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name              = "shop"
  region            = "eu-west-2"
  github_repository = "owner/lake"
  # an account that has GitHub's provider already: its ARN is known before anything is made
  github_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

run "whatever_a_role_s_policy_says_the_boundary_keeps_it_from_rights_roles_and_states" {
  command = plan

  module {
    source = "./bootstrap"
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : statement.Sid => toset(flatten([statement.Action])) if statement.Effect == "Deny" } == {
      NoRights = toset(["iam:*", "organizations:*", "account:*", "sts:AssumeRole"])
      NoState  = toset(["s3:*"])
    }
    error_message = "No rights and no other role; of S3 everything in the bucket of the states."
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : statement.Sid => toset(flatten([statement.Resource])) if statement.Effect == "Deny" } == {
      NoRights = toset(["*"])
      NoState  = toset(["arn:aws:s3:::shop-terraform-state-123456789012-eu-west-2", "arn:aws:s3:::shop-terraform-state-123456789012-eu-west-2/*"])
    }
    error_message = "Rights are denied everywhere, S3 in the bucket of the states."
  }
}

run "a_deploying_role_makes_roles_within_the_boundary_alone_and_never_changes_itself" {
  command = plan

  module {
    source = "./bootstrap"
  }

  assert {
    condition = alltrue([for environment, policy in output.deployment_policies : alltrue([
      for statement in jsondecode(policy).Statement : statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/shop-boundary"
      if statement.Effect == "Allow" && length(setintersection(toset(flatten([statement.Action])), toset(["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]))) > 0
    ])])
    error_message = "Who makes a role or gives it rights does so within the boundary."
  }

  assert {
    condition = { for environment, policy in output.deployment_policies : environment => toset(flatten([for statement in jsondecode(policy).Statement : statement.Resource if statement.Effect == "Allow"])) } == {
      dev  = toset(["arn:aws:iam::123456789012:role/shop-dev-*"])
      prod = toset(["arn:aws:iam::123456789012:role/shop-prod-*"])
    }
    error_message = "An environment has the roles of its own deployment."
  }

  assert {
    condition = alltrue([for policy in output.deployment_policies : one([
      for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && statement.Resource == "arn:aws:iam::123456789012:role/shop-deploy-*" && length(setsubtract(toset(["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "iam:UpdateAssumeRolePolicy"]), toset(flatten([statement.Action])))) == 0
      if statement.Sid == "NotItself"
    ])])
    error_message = "No deploying role changes the rights of one, itself included."
  }

  assert {
    condition = alltrue([for policy in output.deployment_policies : one([
      for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && statement.Resource == "*" && contains(flatten([statement.Action]), "iam:DeleteRolePermissionsBoundary") && contains(flatten([statement.Action]), "iam:CreatePolicyVersion")
      if statement.Sid == "NotTheBoundary"
    ])])
    error_message = "The boundary stays, and stays as it is."
  }
}

run "an_environment_reaches_its_own_state_alone" {
  command = plan

  module {
    source = "./bootstrap"
  }

  assert {
    condition = { for environment, policy in output.deployment_policies : environment => toset(one([for statement in jsondecode(policy).Statement : statement.NotResource if statement.Sid == "NoStateOfAnother"])) } == {
      dev  = toset(["arn:aws:s3:::shop-terraform-state-123456789012-eu-west-2/shop-dev.tfstate*", "arn:aws:s3:::shop-dev-*/*"])
      prod = toset(["arn:aws:s3:::shop-terraform-state-123456789012-eu-west-2/shop-prod.tfstate*", "arn:aws:s3:::shop-prod-*/*"])
    }
    error_message = "Objects of every other bucket and state are denied."
  }

  assert {
    condition     = { for environment, role in aws_iam_role.deploy : environment => one(jsondecode(role.assume_role_policy).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == { for environment in ["dev", "prod"] : environment => "repo:owner/lake:environment:${environment}" }
    error_message = "Only jobs of the environment in that repository assume its role."
  }
}

run "a_repository_is_trusted_by_its_numbers_and_its_names" {
  command = plan

  module {
    source = "./bootstrap"
  }

  variables {
    github_ids = { owner = 123456, repository = 456789 }
  }

  assert {
    condition = { for environment, role in aws_iam_role.deploy : environment => toset(one(jsondecode(role.assume_role_policy).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"]) } == {
      for environment in ["dev", "prod"] : environment => toset(["repo:owner@123456/lake@456789:environment:${environment}", "repo:owner/lake:environment:${environment}"])
    }
    error_message = "Both forms of the subject, and each environment's own alone."
  }
}

run "a_repository_is_trusted_by_its_numbers_alone" {
  command = plan

  module {
    source = "./bootstrap"
  }

  variables {
    github_ids = { owner = 123456, repository = 456789, trust_names = false }
  }

  assert {
    condition     = { for environment, role in aws_iam_role.deploy : environment => one(jsondecode(role.assume_role_policy).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == { for environment in ["dev", "prod"] : environment => "repo:owner@123456/lake@456789:environment:${environment}" }
    error_message = "Who takes over the names is not trusted."
  }
}

run "rejects_numbers_that_are_none" {
  command = plan

  module {
    source = "./bootstrap"
  }

  variables {
    github_ids = { owner = 0, repository = 456789 }
  }

  expect_failures = [var.github_ids]
}

run "the_boundary_that_deploying_roles_name_is_the_one_that_is_made" {
  command = plan

  module {
    source = "./bootstrap"
  }

  assert {
    condition     = aws_iam_policy.boundary[0].name == "shop-boundary" && aws_iam_policy.boundary[0].policy == data.aws_iam_policy_document.boundary.json
    error_message = "Deploying roles are told arn:aws:iam::123456789012:policy/shop-boundary, which has this policy."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.deploy : one(jsondecode(role.assume_role_policy).Statement).Principal.Federated == var.github_provider_arn]) && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "An account has one provider of GitHub: one that is there already is used, and none made."
  }
}

run "without_a_repository_nobody_deploys_from_github" {
  command = plan

  module {
    source = "./bootstrap"
  }

  variables {
    github_repository   = null
    github_provider_arn = null
  }

  assert {
    condition     = length(aws_iam_role.deploy) == 0 && length(aws_iam_policy.boundary) == 0 && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "No role, no boundary, no provider."
  }
}

run "rejects_a_repository_with_a_wildcard" {
  command = plan

  module {
    source = "./bootstrap"
  }

  variables {
    github_repository = "owner/*"
  }

  expect_failures = [var.github_repository]
}
