locals {
  # A pattern has at most 2,048 characters: what each source has one of is named by what stands before the source's name, which another
  # deployment's names (totelake, totelake-dev) do not begin with. Job or crawler to what it is matched by, as JSON.
  matches = {
    for name, deployed in merge(var.job_names, var.crawler_names) : name => concat(
      [for source in var.sources : jsonencode({ prefix = trimsuffix(deployed, source) }) if endswith(name, "-${source}")],
      [jsonencode(deployed)],
    )[0]
  }

  # Jobs by how often AWS Glue tries them again. The id of a further attempt's run ends with its number; one that ran out of time is told
  # whatever its number, for whether such a run is tried again is not documented.
  by_retries = { for name, retries in var.job_retries : retries => local.matches[name]... }
  final_failures = concat(
    [{ jobName = [for text in sort(distinct(flatten(values(local.by_retries)))) : jsondecode(text)], state = ["TIMEOUT", "ERROR"] }],
    [
      for retries, texts in local.by_retries : merge(
        { jobName = [for text in sort(distinct(texts)) : jsondecode(text)], state = ["FAILED"] },
        tonumber(retries) > 0 ? { jobRunId = [{ suffix = "_attempt_${retries}" }] } : {},
      )
    ],
  )

  console = "https://${var.region}.console.aws.amazon.com"

  rules = {
    job-failed = {
      description = "A job ran out of time, or failed and is not tried again."
      pattern = {
        source      = ["aws.glue"]
        detail-type = ["Glue Job State Change"]
        detail      = { "$or" = local.final_failures }
      }
      paths = { name = "$.detail.jobName", state = "$.detail.state", message = "$.detail.message", run = "$.detail.jobRunId" }
      lines = [
        "The AWS Glue job <name> ended <state>.",
        "",
        "What happened: <message>",
        "Where to look: ${local.console}/gluestudio/home?region=${var.region}#/job/<name>/run/<run>",
        "What to do: correct what the message names; what is pending is taken by the next run. See docs/operations.md.",
      ]
    }
    crawler-failed = {
      description = "A crawler failed."
      pattern = {
        source      = ["aws.glue"]
        detail-type = ["Glue Crawler State Change"]
        detail      = { crawlerName = [for text in sort(distinct([for name in keys(var.crawler_names) : local.matches[name]])) : jsondecode(text)], state = ["Failed"] }
      }
      paths = { name = "$.detail.crawlerName", message = "$.detail.errorMessage" }
      lines = [
        "The AWS Glue crawler <name> failed.",
        "",
        "What happened: <message>",
        "Where to look: ${local.console}/glue/home?region=${var.region}#/v2/data-catalog/crawlers/view/<name>",
        "What to do: correct what the message names and run the workflow; its next check crawls again. See docs/operations.md.",
      ]
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
}

# Every event is kept for two weeks; the alarm on the queue speaks once, however many there are.
resource "aws_cloudwatch_event_target" "record" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "record"
  arn       = aws_sqs_queue.this["failures"].arn
}

# A mail for each event at once, for who wants them all: watch tells the same within ten minutes, once, storms in one mail.
resource "aws_cloudwatch_event_target" "topic" {
  for_each = { for key, rule in local.rules : key => rule if var.alert_every_failure }

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  input_transformer {
    input_paths = each.value.paths
    # each line a JSON string: the message is their lines
    input_template = join("\n", [for line in each.value.lines : "\"${line}\""])
  }

  dead_letter_config {
    arn = aws_sqs_queue.this["undelivered-alerts"].arn
  }
}
