variable "name" {
  description = "Prefix of every name, so that several deployments fit one account: totelake-dev, totelake-prod."
  type        = string
  default     = "totelake"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 24
    error_message = "name has lower-case letters, digits and single hyphens, begins with a letter and is at most 24 long: it is part of bucket names."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-west-2"
}

variable "cost_center" {
  description = "Value of the tag cost-center, by which the bill is split."
  type        = string
  default     = "data-platform"
}

variable "tags" {
  description = "Further tags of every resource."
  type        = map(string)
  default     = {}
}

variable "release" {
  description = "What the jobs run: the content hash under releases/ in the artifacts bucket, and the names of the wheels and jars there. An earlier one is a rollback."
  type = object({
    id        = string
    wheel     = string
    libraries = list(string)
    compiled  = optional(list(string), [])
    jars      = optional(list(string), [])
  })

  validation {
    condition     = can(regex("^[0-9a-f]{16}$", var.release.id))
    error_message = "release.id is the 16 hexadecimal digits that the release was published under."
  }

  validation {
    condition     = alltrue([for name in concat([var.release.wheel], var.release.libraries) : endswith(name, "-none-any.whl")])
    error_message = "release.wheel and release.libraries are names of pure Python wheels: no job downloads or compiles anything when it starts."
  }

  validation {
    condition     = alltrue([for name in var.release.compiled : can(regex("-cp3[0-9]+-cp3[0-9]+-manylinux[0-9a-z_.]*_x86_64\\.whl$", name))])
    error_message = "release.compiled are names of wheels for Linux on x86_64, on which AWS Glue runs."
  }

  validation {
    condition     = alltrue([for name in var.release.jars : can(regex("^[A-Za-z0-9][A-Za-z0-9._-]*-[0-9][0-9A-Za-z._-]*\\.jar$", name))])
    error_message = "release.jars are names of jars with their versions, such as postgresql-42.7.7.jar."
  }
}

variable "glue_version" {
  description = "AWS Glue version of the Spark jobs; null takes that of pipeline.yaml."
  type        = string
  default     = null

  validation {
    condition     = var.glue_version == null || contains(["5.1", "6.0"], coalesce(var.glue_version, "5.1"))
    error_message = "glue_version is 5.1 (Spark 3.5) or 6.0 (Spark 4.1): the jobs are tested on these."
  }
}

variable "spark_execution_class" {
  description = "STANDARD, or FLEX: cheaper by a third, on spare capacity, so that a Spark job may wait for minutes and may be interrupted and tried again."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "FLEX"], var.spark_execution_class)
    error_message = "spark_execution_class is STANDARD or FLEX."
  }
}

variable "spark_monitoring" {
  description = "What Spark jobs tell beside their logs: event-logs (Spark's UI; only their storage costs), insights (why a job failed; only its logs cost) and metrics (AWS Glue's job and observability metrics)."
  type        = set(string)
  default     = ["event-logs", "insights"]

  validation {
    condition     = length(setsubtract(var.spark_monitoring, ["event-logs", "insights", "metrics"])) == 0
    error_message = "spark_monitoring has event-logs, insights and metrics."
  }
}

variable "access_log_bucket" {
  description = "Bucket of the same account and region that S3 writes the access logs of the deployment's buckets to; null for none. Its policy lets logging.s3.amazonaws.com write."
  type        = string
  default     = null
}

variable "people" {
  description = "Who may assume the two roles for people: analysts read the lake by Athena, operators see runs and logs. ARNs of users, roles or accounts; a role without any is not made."
  type = object({
    analysts  = optional(set(string), [])
    operators = optional(set(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for arn in setunion(var.people.analysts, var.people.operators) : can(regex("^arn:[^:]+:iam::[0-9]{12}:(root|user/|role/)", arn))])
    error_message = "people are ARNs of IAM: of users, of roles, or of an account's root."
  }
}

variable "monthly_budget_usd" {
  description = "US dollars a month for what bears the tag deployment, over which alert_emails are told at 80 % and at what is forecast; null for none. The tag has to be activated for cost allocation."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || (coalesce(var.monthly_budget_usd, 0) > 0 && length(var.alert_emails) > 0)
    error_message = "monthly_budget_usd is more than 0 and needs alert_emails, to which it is told."
  }
}

variable "schedules_enabled" {
  description = "Whether the scheduled triggers run. Enable them when the release is published and the secrets have values."
  type        = bool
  default     = false
}

variable "network_shape" {
  description = "How jobs reach the databases: public (verified TLS, no VPC), private-endpoints (a VPC with interface endpoints) or private-nat (a VPC with a NAT gateway)."
  type        = string
  default     = "public"

  validation {
    condition     = contains(["public", "private-endpoints", "private-nat"], var.network_shape)
    error_message = "network_shape is public, private-endpoints or private-nat."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that the private shapes create."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15))
    error_message = "vpc_cidr is an IPv4 range of at least sixteen subnets, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Letters of two availability zones of the region for the private shapes; jobs run in the first."
  type        = list(string)
  default     = ["a", "b"]

  validation {
    condition     = length(var.zones) == 2 && length(toset(var.zones)) == 2 && alltrue([for letter in var.zones : can(regex("^[a-z]$", letter))])
    error_message = "zones are two different letters, such as a and b."
  }
}

variable "database_cidrs" {
  description = "Addresses of private databases outside the VPC that jobs may connect to on port 5432 (peering, VPN, transit gateway)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.database_cidrs : can(cidrhost(range, 0)) && range != "0.0.0.0/0"])
    error_message = "database_cidrs are IPv4 ranges, and not all of the internet."
  }
}

variable "create_warehouse" {
  description = "Whether to create an RDS PostgreSQL for the warehouse. It is private, so it needs a private network shape."
  type        = bool
  default     = false

  validation {
    condition     = !var.create_warehouse || var.network_shape != "public"
    error_message = "create_warehouse needs network_shape private-endpoints or private-nat: the database has no public address."
  }
}

variable "warehouse_instance_class" {
  description = "Instance class of the warehouse that create_warehouse creates."
  type        = string
  default     = "db.t4g.micro"
}

variable "warehouse_deletion_protection" {
  description = "Whether RDS refuses to delete the warehouse that create_warehouse creates. Set it to false and apply before it is torn down."
  type        = bool
  default     = true
}

variable "secret_recovery_days" {
  description = "Days for which a deleted secret can be restored, and for which its name is taken; 0 deletes at once."
  type        = number
  default     = 7

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "secret_recovery_days is 0 or 7 to 30, as AWS Secrets Manager has it."
  }
}

variable "adopt" {
  description = "Whether buckets, key, secrets and databases of the Data Catalog are there already, kept by an earlier deployment of this name, and are taken over."
  type        = bool
  default     = false
}

variable "permissions_boundary" {
  description = "ARN of a policy that limits every role of the deployment: what `terraform -chdir=terraform/bootstrap output permissions_boundary` says; null for none."
  type        = string
  default     = null
}

variable "alert_emails" {
  description = "Addresses that alerts are mailed to; each confirms its subscription once."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails are e-mail addresses."
  }
}

variable "alert_every_failure" {
  description = "Whether AWS itself mails each failed job run and crawl at once; watch tells the same within ten minutes, once, storms in one mail."
  type        = bool
  default     = false
}

variable "freshness_minutes" {
  description = "Minutes by which the lake may lag behind the source before an alarm; no figure for that long is an alarm, too."
  type        = number
  default     = 30

  validation {
    condition     = var.freshness_minutes >= 10 && var.freshness_minutes % 10 == 0
    error_message = "freshness_minutes is a multiple of 10 (the watch looks every 10 minutes)."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch knows, such as 30, 90 or 365."
  }
}

variable "noncurrent_days" {
  description = "Days for which replaced or deleted versions of objects can be restored."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 7
    error_message = "noncurrent_days is at least 7: a mistake is not always seen the same day."
  }
}

variable "athena_scan_limit_gb" {
  description = "Gigabytes that one Athena query may scan before it is cancelled."
  type        = number
  default     = 10

  validation {
    condition     = var.athena_scan_limit_gb >= 1
    error_message = "athena_scan_limit_gb is at least 1."
  }
}

variable "quicksight" {
  description = "QuickSight over the warehouse: the principal that owns data source and data sets, the warehouse's address, and the role by which QuickSight reads secrets (null when it has its rights elsewhere); null for none. The account must have QuickSight."
  type = object({
    principal_arn      = string
    host               = string
    port               = optional(number, 5432)
    database           = optional(string, "warehouse")
    vpc_connection_arn = optional(string)
    secrets_role       = optional(string, "aws-quicksight-secretsmanager-role-v0")
  })
  default = null

  validation {
    condition     = var.quicksight == null || can(regex("^arn:[^:]+:quicksight:", var.quicksight.principal_arn))
    error_message = "quicksight.principal_arn is the ARN of a QuickSight user or group."
  }
}
