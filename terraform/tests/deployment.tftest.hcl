# What is planned from catalog/pipeline.yaml, without an account: every answer of AWS is a mock.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:alerts" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:123456789012:key/mock" }
  }
}

variables {
  name = "shop-dev"
  release = {
    id        = "0123456789abcdef"
    wheel     = "totelake-1.0.0-py3-none-any.whl"
    libraries = ["iso4217-1.0-py3-none-any.whl"]
    jars      = ["postgresql-42.7.7.jar"]
  }
}

run "jobs_are_those_of_the_pipeline_run_the_release_and_bear_the_prefix" {
  command = plan

  assert {
    condition     = toset(keys(module.jobs.jobs)) == toset(flatten([for path in fileset("../catalog/sources", "*/source.yaml") : [for name, job in yamldecode(file("../catalog/pipeline.yaml")).jobs : replace(name, "{source}", dirname(path)) if try(job.publish, "fused") == "fused"]]))
    error_message = "Every job of pipeline.yaml is planned, but for those of the other way to publish, and no other."
  }

  assert {
    condition     = alltrue([for job in module.jobs.jobs : startswith(job.command[0].script_location, "s3://shop-dev-artifacts-123456789012-eu-west-2/releases/0123456789abcdef/glue_jobs/")])
    error_message = "A script lies under the content hash of its release."
  }

  assert {
    condition     = module.jobs.jobs["watch-totesys"].max_capacity == 0.0625 && module.jobs.jobs["watch-totesys"].command[0].python_version == "3.9"
    error_message = "A Python-shell job has a sixteenth of a DPU and Python 3.9."
  }

  assert {
    condition     = module.jobs.jobs["build-and-load-totesys"].worker_type == "G.1X" && module.jobs.jobs["build-and-load-totesys"].number_of_workers == 2 && module.jobs.jobs["build-and-load-totesys"].glue_version == "5.1"
    error_message = "A Spark job has two G.1X workers of AWS Glue 5.1."
  }

  assert {
    condition = alltrue(flatten([for job in module.jobs.jobs : [
      for key in ["--additional-python-modules", "--extra-py-files"] : [
        for name in split(",", lookup(job.default_arguments, key, "s3://none.whl")) : startswith(name, "s3://") && endswith(name, ".whl")
      ]
    ]]))
    error_message = "Code comes from S3: no job downloads from PyPI when it starts."
  }

  assert {
    condition     = alltrue([for job in module.jobs.jobs : startswith(job.name, "shop-dev-")])
    error_message = "A job's name begins with the prefix."
  }

  assert {
    condition     = module.jobs.jobs["check-schemas-totesys"].default_arguments["--crawler"] == "shop-dev-ingestion-totesys" && module.jobs.jobs["watch-totesys"].default_arguments["--ingestion_database"] == "shop_dev_ingestion"
    error_message = "Arguments name what this deployment has."
  }

  assert {
    condition     = module.jobs.jobs["watch-totesys"].default_arguments["--source"] == "totesys" && module.jobs.jobs["watch-totesys"].default_arguments["--source_secret"] == "shop-dev/totesys" && module.jobs.jobs["watch-totesys"].default_arguments["--prefix"] == "shop-dev"
    error_message = "A job of a source is told which one, and its secret in this deployment."
  }

  assert {
    condition     = module.workflow.triggers["watch-totesys"].schedule == yamldecode(file("../catalog/sources/totesys/source.yaml")).schedule
    error_message = "A source is looked at when its source.yaml says."
  }

  assert {
    condition     = alltrue([for job in module.jobs.jobs : job.default_arguments["--metric_namespace"] == "shop-dev"])
    error_message = "Metrics of two deployments do not mix."
  }
}

run "by_default_nothing_starts_by_itself_and_there_is_no_network" {
  command = plan

  assert {
    condition     = alltrue([for trigger in module.workflow.triggers : trigger.enabled == (trigger.type == "CONDITIONAL")])
    error_message = "Enabled are only the conditional ones: an ON_DEMAND trigger that is enabled fires at once."
  }

  assert {
    condition     = length(module.network) == 0 && alltrue([for job in module.jobs.jobs : job.connections == null])
    error_message = "Without a private database there is no VPC."
  }
}

run "schedules_run_when_they_are_enabled_and_on_demand_triggers_still_do_not_fire" {
  command = plan

  variables {
    schedules_enabled = true
  }

  assert {
    condition     = alltrue([for trigger in module.workflow.triggers : trigger.enabled == (trigger.type != "ON_DEMAND")])
    error_message = "Scheduled and conditional triggers are enabled, ON_DEMAND ones never."
  }
}

run "only_jobs_with_a_database_are_in_the_private_network" {
  command = plan

  variables {
    network_shape = "private-endpoints"
  }

  assert {
    condition     = toset([for name, job in module.jobs.jobs : name if job.connections != null]) == toset(concat(["watch-totesys", "ingest-totesys", "canary-shell-totesys", "canary-spark"], [for path in fileset("../catalog/sources", "*/source.yaml") : "build-and-load-${dirname(path)}"]))
    error_message = "The jobs that watch, ingest and load, and the canary's, have a connection, no other job has."
  }

  assert {
    condition     = contains(module.network[0].endpoints, "secretsmanager") && contains(module.network[0].endpoints, "glue") && !module.network[0].has_nat
    error_message = "Endpoints in place of a NAT gateway."
  }
}

run "a_nat_gateway_takes_the_place_of_endpoints" {
  command = plan

  variables {
    network_shape = "private-nat"
  }

  assert {
    condition     = module.network[0].has_nat && length(module.network[0].endpoints) == 0
    error_message = "A NAT gateway and no interface endpoints."
  }
}

run "glue_6_is_a_variable" {
  command = plan

  variables {
    glue_version = "6.0"
  }

  assert {
    condition     = toset([for job in module.jobs.jobs : job.glue_version if job.command[0].name == "glueetl"]) == toset(["6.0"])
    error_message = "Every Spark job runs AWS Glue 6.0."
  }
}

run "silence_failures_and_lost_alerts_are_told" {
  command = plan

  assert {
    condition     = module.monitoring.alarms["stale-totesys"].treat_missing_data == "breaching" && module.monitoring.alarms["stale-totesys"].threshold == 1800
    error_message = "No figure for 30 minutes is an alarm."
  }

  assert {
    condition     = module.monitoring.alarms["stale-targets"].threshold == 86400 && module.monitoring.alarms["stale-targets"].evaluation_periods == 2
    error_message = "A feed, which is looked at once an hour or a day, is silent after two days."
  }

  assert {
    condition     = alltrue([for alarm in module.monitoring.alarms : alarm.namespace == "shop-dev"])
    error_message = "Alarms look at this deployment's metrics."
  }

  assert {
    condition = alltrue([for states in [["FAILED"], ["TIMEOUT", "ERROR"]] : toset(flatten([
      for one in jsondecode(module.monitoring.rules["job-failed"].event_pattern).detail["$or"] : [for match in one.jobName : try(match.prefix, match)] if one.state == states
    ])) == toset([for job in module.jobs.jobs : replace(job.name, "/(${join("|", [for path in fileset("../catalog/sources", "*/source.yaml") : dirname(path)])})$/", "")])])
    error_message = "The rule names every job of this deployment and no other, whether it failed or ran out of time."
  }

  assert {
    condition = { for one in jsondecode(module.monitoring.rules["job-failed"].event_pattern).detail["$or"] : try(one.jobRunId[0].suffix, "") => toset([for match in one.jobName : try(match.prefix, match)]) if one.state == ["FAILED"] } == {
      for retries, names in { for job in module.jobs.jobs : job.max_retries => replace(job.name, "/(${join("|", [for path in fileset("../catalog/sources", "*/source.yaml") : dirname(path)])})$/", "")... } : retries == "0" ? "" : "_attempt_${retries}" => toset(names)
    }
    error_message = "Of a job that is tried again only the last attempt is told."
  }

  assert {
    condition     = jsondecode(module.monitoring.rules["crawler-failed"].event_pattern).detail.crawlerName == [{ prefix = "shop-dev-ingestion-" }]
    error_message = "A crawler that failed is told."
  }

  assert {
    condition     = length(module.monitoring.targets) == 0 && module.monitoring.queue_alarms["failures"].metric_name == "NumberOfMessagesSent"
    error_message = "Failed runs are one alarm, however many there are."
  }

  assert {
    condition     = { for key, alarm in module.monitoring.queue_alarms : alarm.alarm_name => alarm.dimensions.QueueName } == { shop-dev-dead-letters = "shop-dev-dead-letters", shop-dev-failed-runs = "shop-dev-failures", shop-dev-undelivered-alerts = "shop-dev-undelivered-alerts" }
    error_message = "An alarm is named like what waits in its queue."
  }

  assert {
    condition     = alltrue([for key in ["dead-letters", "undelivered-alerts"] : module.monitoring.queue_alarms[key].metric_name == "ApproximateNumberOfMessagesVisible" && module.monitoring.queue_alarms[key].threshold == 0])
    error_message = "One message that waits is an alarm."
  }

  assert {
    condition = { for key, alarm in module.monitoring.table_alarms : key => one(alarm.metric_query).expression } == {
      deletions-held-back = "SELECT SUM(DeferredDeletions) FROM SCHEMA(\"shop-dev\", \"Source\", \"Table\")"
      quarantine          = "SELECT SUM(RowsQuarantined) FROM SCHEMA(\"shop-dev\", \"Source\", \"Table\")"
      tables-held         = "SELECT SUM(TablesHeld) FROM SCHEMA(\"shop-dev\", \"Source\", \"Table\")"
    }
    error_message = "Rows in quarantine, deletions held back and tables held are alarms, whatever the table."
  }
}

run "the_rules_take_as_many_sources_as_there_are" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    name              = "a-deployment-of-24-chars"
    account           = "123456789012"
    partition         = "aws"
    region            = "eu-west-2"
    sources           = [for number in range(40) : format("source_with_20_chr%s", number)]
    job_names         = { for pair in setproduct(["watch", "ingest", "check-schemas", "canary-shell", "build-dimensions", "build-facts", "load-warehouse"], range(40)) : format("%s-source_with_20_chr%s", pair...) => format("a-deployment-of-24-chars-%s-source_with_20_chr%s", pair...) }
    job_retries       = { for pair in setproduct(["watch", "ingest", "check-schemas", "canary-shell", "build-dimensions", "build-facts", "load-warehouse"], range(40)) : format("%s-source_with_20_chr%s", pair...) => 0 }
    crawler_names     = { for number in range(40) : format("ingestion-source_with_20_chr%s", number) => format("a-deployment-of-24-chars-ingestion-source_with_20_chr%s", number) }
    workflow_names    = { for number in range(40) : format("refresh-source_with_20_chr%s", number) => format("a-deployment-of-24-chars-refresh-source_with_20_chr%s", number) }
    alert_emails      = []
    freshness_minutes = 30

    alert_every_failure = false
    schedules_enabled   = false
    kms_key_arn         = "arn:aws:kms:eu-west-2:123456789012:key/one"
    monthly_budget_usd  = null
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : length(rule.event_pattern) <= 2048])
    error_message = "EventBridge takes patterns of 2,048 characters."
  }
}

run "every_failure_is_mailed_by_aws_itself_for_who_wants_that" {
  command = plan

  variables {
    alert_every_failure = true
  }

  assert {
    condition     = toset(keys(module.monitoring.targets)) == toset(["job-failed", "crawler-failed"]) && alltrue([for target in module.monitoring.targets : length(target.dead_letter_config) == 1])
    error_message = "Both rules have the topic as their target, and what cannot be delivered is kept."
  }
}

run "the_quicksight_sources_speak_tls_with_a_secret" {
  command = plan

  variables {
    quicksight = {
      principal_arn = "arn:aws:quicksight:eu-west-2:123456789012:user/default/analyst"
      host          = "warehouse.example.com"
    }
  }

  assert {
    condition     = !module.quicksight[0].data_source.ssl_properties[0].disable_ssl && length(module.quicksight[0].data_source.credentials[0].credential_pair) == 0
    error_message = "The password comes from Secrets Manager, never from a variable."
  }

  assert {
    condition     = alltrue([for set in module.quicksight[0].data_sets : length(one(set.physical_table_map).custom_sql[0].columns) > 0])
    error_message = "QuickSight is told the columns of every query."
  }
}

run "rejects_a_warehouse_without_a_private_network" {
  command = plan

  variables {
    create_warehouse = true
  }

  expect_failures = [var.create_warehouse]
}

run "rejects_an_untested_glue_version" {
  command = plan

  variables {
    glue_version = "4.0"
  }

  expect_failures = [var.glue_version]
}

run "rejects_a_release_that_is_no_content_hash_and_a_wheel_that_would_be_compiled" {
  command = plan

  variables {
    release = { id = "latest", wheel = "totelake-1.0.0-cp39-cp39-linux_x86_64.whl", libraries = [] }
  }

  expect_failures = [var.release]
}

run "rejects_a_network_shape_and_a_name_that_do_not_exist" {
  command = plan

  variables {
    network_shape = "open"
    name          = "Totelake_Dev"
  }

  expect_failures = [var.network_shape, var.name]
}

run "rejects_the_whole_internet_as_a_database" {
  command = plan

  variables {
    database_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.database_cidrs]
}

run "rejects_alert_addresses_and_retentions_that_aws_would_refuse" {
  command = plan

  variables {
    alert_emails       = ["nobody"]
    log_retention_days = 42
    freshness_minutes  = 5
  }

  expect_failures = [var.alert_emails, var.log_retention_days, var.freshness_minutes]
}
