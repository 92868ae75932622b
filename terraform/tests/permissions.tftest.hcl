# Each role's policy, read as JSON. Nothing is mocked: a policy document is put together without asking AWS.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name        = "shop"
  account     = "123456789012"
  partition   = "aws"
  region      = "eu-west-2"
  workflows   = ["refresh"]
  databases   = { ingestion = "shop_ingestion", processed = "shop_processed" }
  kms_key_arn = "arn:aws:kms:eu-west-2:123456789012:key/1"
  alert_topic = "arn:aws:sns:eu-west-2:123456789012:shop-alerts"
  bucket_arns = {
    ingestion = "arn:aws:s3:::in"
    processed = "arn:aws:s3:::out"
    artifacts = "arn:aws:s3:::code"
  }
  secret_arns = {
    "shop/totesys"   = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop/totesys-AbCdEf"
    "shop/warehouse" = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop/warehouse-AbCdEf"
  }
  secrets_by_job = { watch = ["shop/totesys"], build = [], load = ["shop/warehouse"] }
  private_jobs   = []
  connection     = null
  jobs = {
    watch = {
      kind      = "pythonshell"
      access    = { read = ["ingestion/_commits"], starts = ["refresh"] }
      arguments = { alert_topic = "arn:aws:sns:eu-west-2:123456789012:shop-alerts" }
    }
    build = {
      kind   = "glueetl"
      access = { read = ["ingestion"], write = ["processed"], delete = ["processed/_inflight", ["processed/compacted", "processed/dim_date"]], tables = ["processed"] }
    }
    load = {
      kind   = "glueetl"
      access = { read = ["processed"], crawls = ["ingestion"] }
    }
  }
  triggers = {
    clock = { type = "SCHEDULED", jobs = ["watch"] }
    start = { type = "ON_DEMAND", jobs = ["build"], workflow = "refresh" }
    then  = { type = "CONDITIONAL", jobs = ["load"], workflow = "refresh" }
  }
}

run "objects_are_read_written_and_deleted_only_where_access_says" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition = { for statement in jsondecode(output.job_policies["build"]).Statement : statement.Sid => toset(flatten([statement.Resource])) if contains(["Read", "Write", "Delete"], statement.Sid) } == {
      Read   = toset(["arn:aws:s3:::in/*"])
      Write  = toset(["arn:aws:s3:::out/*"])
      Delete = toset(["arn:aws:s3:::out/_inflight/*", "arn:aws:s3:::out/compacted/*", "arn:aws:s3:::out/dim_date/*"])
    }
    error_message = "build reads the ingestion zone, writes the processed one and deletes only below three prefixes; a list in a list is joined."
  }

  assert {
    condition     = [for statement in jsondecode(output.job_policies["watch"]).Statement : statement.Resource if statement.Sid == "Read"] == ["arn:aws:s3:::in/_commits/*"]
    error_message = "watch reads commits and no data."
  }

  assert {
    condition     = !contains(flatten([for statement in jsondecode(output.job_policies["watch"]).Statement : statement.Action]), "s3:PutObject")
    error_message = "A job without write in its access writes no object."
  }
}

run "who_writes_may_list_the_uploads_that_lost_attempts_left" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition = { for job, policy in output.job_policies : job => [for statement in jsondecode(policy).Statement : statement.Resource if statement.Action == "s3:ListBucketMultipartUploads"] } == {
      build = ["arn:aws:s3:::out"]
      load  = []
      watch = []
    }
    error_message = "S3A lists uploads in the buckets that a job writes, and in no other."
  }
}

run "a_job_may_write_whichever_log_group_aws_glue_chooses" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition = { for job, policy in output.job_policies : job => toset(flatten([for statement in jsondecode(policy).Statement : statement.Resource if statement.Sid == "Logs"])) } == {
      build = toset(["arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/jobs/*", "arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/shop/*"])
      load  = toset(["arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/jobs/*", "arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/shop/*"])
      watch = toset(["arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/python-jobs/*"])
    }
    error_message = "Groups of the job's kind, and no other logs."
  }

  assert {
    condition     = alltrue([for role in values(aws_iam_role.job) : one(jsondecode(role.assume_role_policy).Statement).Condition.StringEqualsIfExists["aws:SourceAccount"] == "123456789012"])
    error_message = "Where Glue says whose account it acts for, it has to be this one."
  }
}

run "a_job_reads_its_own_secret_and_no_other" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition = { for job, policy in output.job_policies : job => [for statement in jsondecode(policy).Statement : statement.Resource if statement.Sid == "Secret"] } == {
      watch = ["arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop/totesys-AbCdEf"]
      load  = ["arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop/warehouse-AbCdEf"]
      build = []
    }
    error_message = "One secret for each job that speaks to a database."
  }
}

run "only_metrics_have_no_resource" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition     = alltrue([for policy in output.job_policies : [for statement in jsondecode(policy).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")] == ["Metrics"]])
    error_message = "Only PutMetricData, which knows no resources, has Resource \"*\"."
  }

  assert {
    condition     = alltrue([for policy in output.job_policies : one([for statement in jsondecode(policy).Statement : toset(statement.Condition.StringEquals["cloudwatch:namespace"]) if statement.Sid == "Metrics"]) == toset(["Glue", "shop"])])
    error_message = "Metrics go to the deployment's own namespace."
  }

  assert {
    condition     = alltrue(flatten([for policy in output.job_policies : [for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]]]))
    error_message = "Every action is named."
  }
}

run "the_catalogue_is_changed_by_no_call_that_no_job_makes" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition = { for job, policy in output.job_policies : job => toset(flatten([for statement in jsondecode(policy).Statement : statement.Action if statement.Sid == "Tables"])) } == {
      build = toset(["glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:GetPartitions", "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:BatchUpdatePartition"])
      watch = toset([])
      load  = toset([])
    }
    error_message = "A job with tables in its access registers and moves, and deletes neither tables nor partitions."
  }

  assert {
    condition     = one([for statement in jsondecode(output.job_policies["watch"]).Statement : toset(statement.Action) if statement.Sid == "Observe"]) == toset(["glue:GetWorkflowRun", "glue:GetWorkflowRuns", "glue:GetJobRuns"])
    error_message = "watch looks at runs and at nothing else."
  }
}

run "runs_are_started_watched_and_given_properties_by_who_needs_it" {
  command = plan

  module {
    source = "./modules/iam"
  }

  assert {
    condition     = [for job, policy in output.job_policies : job if strcontains(policy, "glue:StartWorkflowRun")] == ["watch"]
    error_message = "watch alone starts the workflow."
  }

  assert {
    condition     = [for job, policy in output.job_policies : job if strcontains(policy, "glue:PutWorkflowRunProperties")] == ["build", "load"]
    error_message = "Run properties belong to the jobs of the workflow."
  }

  assert {
    condition     = [for job, policy in output.job_policies : job if strcontains(policy, "sns:Publish")] == ["watch"]
    error_message = "watch alone publishes alerts."
  }

  assert {
    condition     = [for job, policy in output.job_policies : job if strcontains(policy, "glue:StartCrawler")] == ["load"]
    error_message = "A crawler is started by who crawls."
  }
}

run "only_jobs_in_the_network_make_interfaces_and_only_in_their_subnet" {
  command = plan

  module {
    source = "./modules/iam"
  }

  variables {
    private_jobs = ["load"]
    connection = {
      name               = "shop-private"
      subnet_arn         = "arn:aws:ec2:eu-west-2:123456789012:subnet/subnet-1"
      security_group_arn = "arn:aws:ec2:eu-west-2:123456789012:security-group/sg-1"
    }
  }

  assert {
    condition     = [for job, policy in output.job_policies : job if strcontains(policy, "ec2:")] == ["load"]
    error_message = "A job without a connection has nothing to do in EC2."
  }

  assert {
    condition = one([for statement in jsondecode(output.job_policies["load"]).Statement : toset(statement.Resource) if statement.Sid == "CreateInterface"]) == toset([
      "arn:aws:ec2:eu-west-2:123456789012:subnet/subnet-1",
      "arn:aws:ec2:eu-west-2:123456789012:security-group/sg-1",
      "arn:aws:ec2:eu-west-2:123456789012:network-interface/*",
    ])
    error_message = "An interface is made in the jobs' subnet with the jobs' group."
  }

  assert {
    condition     = toset([for statement in jsondecode(output.job_policies["load"]).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")]) == toset(["Metrics", "DescribeNetwork"])
    error_message = "Resource \"*\" only where AWS knows no resources."
  }
}

run "rejects_a_job_without_access" {
  command = plan

  module {
    source = "./modules/iam"
  }

  variables {
    jobs           = { watch = { kind = "pythonshell", description = "Looks." } }
    secrets_by_job = { watch = [] }
    triggers       = {}
  }

  expect_failures = [var.jobs]
}

run "rejects_access_of_an_unknown_kind" {
  command = plan

  module {
    source = "./modules/iam"
  }

  variables {
    jobs           = { watch = { kind = "pythonshell", access = { own = ["ingestion"] } } }
    secrets_by_job = { watch = [] }
    triggers       = {}
  }

  expect_failures = [var.jobs]
}

run "files_are_read_in_the_account_itself_or_by_the_role_that_is_named" {
  command = plan

  module {
    source = "./modules/iam"
  }

  variables {
    file_sources = {
      ours   = { bucket = "shop-targets", prefix = "in/", role = "" }
      theirs = { bucket = "others", prefix = "", role = "arn:aws:iam::444455556666:role/reader" }
    }
    jobs = {
      watch = { kind = "pythonshell", access = { read = ["ingestion/_commits"], source = ["ours"] } }
      build = { kind = "pythonshell", access = { read = ["ingestion/_commits"], source = ["theirs"] } }
      load  = { kind = "pythonshell", access = { read = ["ingestion/_commits"], source = ["a-database"] } }
    }
    triggers = {}
  }

  assert {
    condition = { for statement in jsondecode(output.job_policies["watch"]).Statement : statement.Sid => flatten([statement.Resource, statement.Condition.StringEquals["s3:ResourceAccount"]]) if endswith(statement.Sid, "Files") } == {
      ListFiles = ["arn:aws:s3:::shop-targets", "123456789012"]
      ReadFiles = ["arn:aws:s3:::shop-targets/in/*", "123456789012"]
    }
    error_message = "Files are read below their prefix, and in a bucket of this account alone."
  }

  assert {
    condition     = { for name in ["watch", "build", "load"] : name => [for statement in jsondecode(output.job_policies[name]).Statement : flatten([statement.Resource]) if statement.Sid == "TakeRole"] } == { watch = [], build = [["arn:aws:iam::444455556666:role/reader"]], load = [] }
    error_message = "Another account's files are read by the role that source.yaml names."
  }

  assert {
    condition     = length([for name in ["build", "load"] : 1 if can(regex("Files", output.job_policies[name]))]) == 0
    error_message = "Whoever takes a role, or looks at a database, reads no files by itself."
  }
}
