# No stored keys: GitHub vouches for a workflow's environment, AWS gives it an hour.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_repository == null || var.github_provider_arn != null ? 0 : 1

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  deployers = var.github_repository == null ? toset([]) : var.environments
  state_arn = "arn:${local.partition}:s3:::${local.bucket}"
  # the deployment of an environment is named after it: totelake-dev
  role_arns = { for environment in var.environments : environment => "arn:${local.partition}:iam::${local.account}:role/${var.name}-${environment}-*" }
  # by its name, so that a plan shows what the deploying roles may do before there is a boundary
  boundary_arn = "arn:${local.partition}:iam::${local.account}:policy/${var.name}-boundary"
  # a token has the numbers behind the names or the names alone, by the age of the repository
  owner_and_name = split("/", coalesce(var.github_repository, "-/-"))
  repositories = concat(
    [for ids in [var.github_ids] : "${local.owner_and_name[0]}@${ids.owner}/${local.owner_and_name[1]}@${ids.repository}" if ids != null],
    [for name in [var.github_repository] : name if try(var.github_ids.trust_names, true)],
  )
  subjects = { for environment in local.deployers : environment => [for repository in local.repositories : "repo:${repository}:environment:${environment}"] }

  github_provider = one(concat([for arn in [var.github_provider_arn] : arn if arn != null], aws_iam_openid_connect_provider.github[*].arn))
}

data "aws_iam_policy_document" "github_trust" {
  for_each = local.deployers

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.github_provider]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # the environment's own protection (approval, branches) decides who gets this far
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = local.subjects[each.value]
    }
  }
}

resource "aws_iam_role" "deploy" {
  for_each = data.aws_iam_policy_document.github_trust

  name                 = "${var.name}-deploy-${each.key}"
  description          = "GitHub Actions, environment ${each.key}."
  assume_role_policy   = each.value.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = {
    for pair in setproduct(keys(aws_iam_role.deploy), var.deployment_policies) :
    join("/", pair) => { role = pair[0], policy = "arn:${local.partition}:iam::aws:policy/${pair[1]}" }
  }

  role       = aws_iam_role.deploy[each.value.role].name
  policy_arn = each.value.policy
}

# What no role of a deployment may do, whatever its own policy says: nothing in IAM, no other role, no other state.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_1:a boundary grants nothing, it limits what a role's own policy grants
  #checkov:skip=CKV_AWS_49:as above
  #checkov:skip=CKV_AWS_107:as above
  #checkov:skip=CKV_AWS_108:as above
  #checkov:skip=CKV_AWS_109:as above
  #checkov:skip=CKV_AWS_110:as above
  #checkov:skip=CKV_AWS_111:as above
  #checkov:skip=CKV_AWS_356:as above

  statement {
    sid       = "WhatItsOwnPolicySays"
    actions   = ["*"]
    resources = ["*"]
  }

  statement {
    sid       = "NoRights"
    effect    = "Deny"
    actions   = ["iam:*", "organizations:*", "account:*", "sts:AssumeRole"]
    resources = ["*"]
  }

  statement {
    sid       = "NoState"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_arn, "${local.state_arn}/*"]
  }
}

resource "aws_iam_policy" "boundary" {
  #checkov:skip=CKV_AWS_286:a boundary grants nothing, it limits what a role's own policy grants
  #checkov:skip=CKV_AWS_287:as above
  #checkov:skip=CKV_AWS_288:as above
  #checkov:skip=CKV_AWS_289:as above
  #checkov:skip=CKV_AWS_290:as above
  #checkov:skip=CKV_AWS_355:as above
  #checkov:skip=CKV_AWS_62:as above
  #checkov:skip=CKV_AWS_63:as above

  count = var.github_repository == null ? 0 : 1

  name        = "${var.name}-boundary"
  description = "What no role that a deployment makes may do."
  policy      = data.aws_iam_policy_document.boundary.json
}

# PowerUserAccess leaves IAM out: the roles of the environment's own deployment, within the boundary, and no others.
data "aws_iam_policy_document" "roles" {
  for_each = local.deployers

  statement {
    sid = "RolesOfTheDeployment"
    actions = [
      "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:ListRoleTags", "iam:PassRole", "iam:TagRole", "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
    ]
    resources = [local.role_arns[each.key]]
  }

  # who could make a role without the boundary, or give one more than it, would have all rights of the account
  statement {
    sid       = "OnlyWithinTheBoundary"
    actions   = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = [local.role_arns[each.key]]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  # a role that could change its own rights would have all of them
  statement {
    sid    = "NotItself"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole", "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.name}-deploy-*"]
  }

  statement {
    sid       = "NotTheBoundary"
    effect    = "Deny"
    actions   = ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRolePermissionsBoundary", "iam:SetDefaultPolicyVersion"]
    resources = ["*"]
  }

  # one bucket has the states of all environments, each below its own name
  statement {
    sid           = "NoStateOfAnother"
    effect        = "Deny"
    actions       = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*"]
    not_resources = ["${local.state_arn}/${var.name}-${each.key}.tfstate*", "arn:${local.partition}:s3:::${var.name}-${each.key}-*/*"]
  }

  statement {
    sid       = "NotTheStatesBucket"
    effect    = "Deny"
    actions   = ["s3:DeleteBucket*", "s3:PutBucket*", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"]
    resources = [local.state_arn]
  }
}

resource "aws_iam_role_policy" "roles" {
  for_each = aws_iam_role.deploy

  name   = "roles-of-jobs"
  role   = each.value.id
  policy = data.aws_iam_policy_document.roles[each.key].json
}
