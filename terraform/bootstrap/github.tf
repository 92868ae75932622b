# No stored keys: GitHub vouches for a workflow's environment, AWS gives it an hour.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_repository == null ? 0 : 1

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github_trust" {
  for_each = var.github_repository == null ? toset([]) : var.environments

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github[0].arn]
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
      values   = ["repo:${var.github_repository}:environment:${each.value}"]
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
    for pair in setproduct(keys(aws_iam_role.deploy), var.deployment_policy_arns) : join("/", pair) => { role = pair[0], policy = pair[1] }
  }

  role       = aws_iam_role.deploy[each.value.role].name
  policy_arn = each.value.policy
}

# PowerUserAccess leaves IAM out: the roles of the jobs, and no others.
data "aws_iam_policy_document" "roles" {
  statement {
    sid = "RolesOfTheDeployment"
    actions = [
      "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole",
      "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:ListRoleTags",
      "iam:PassRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.name}-*"]
  }

  # a role that could change its own rights would have all of them
  statement {
    sid       = "NotItself"
    effect    = "Deny"
    actions   = ["iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.name}-deploy-*"]
  }
}

resource "aws_iam_role_policy" "roles" {
  for_each = aws_iam_role.deploy

  name   = "roles-of-jobs"
  role   = each.value.id
  policy = data.aws_iam_policy_document.roles.json
}
