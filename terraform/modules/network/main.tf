locals {
  # Secrets Manager and CloudWatch by interface; S3 by its gateway, which costs nothing. Glue's own API for watch, STS for a job's session.
  interfaces = var.shape == "private-endpoints" ? toset(["glue", "kms", "logs", "monitoring", "secretsmanager", "sns", "sts"]) : toset([])
  nat        = var.shape == "private-nat" ? toset(["nat"]) : toset([])
  # two zones, for an RDS subnet group wants two; jobs run in the first. By letter and never "the first that AWS lists": a
  # new zone would move all subnets.
  private = { for index, letter in var.zones : "${var.region}${letter}" => cidrsubnet(var.cidr, 4, index) }
  zone    = "${var.region}${var.zones[0]}"
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "jobs" {
  name        = "${var.name}-jobs"
  description = "AWS Glue jobs with a private database."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-jobs" }
}

# Workers of one job speak to each other on any port: AWS Glue refuses a group that does not allow it.
resource "aws_vpc_security_group_ingress_rule" "workers" {
  #checkov:skip=CKV_AWS_24:from this very group, not from the internet
  #checkov:skip=CKV_AWS_25:as above
  #checkov:skip=CKV_AWS_260:as above

  security_group_id            = aws_security_group.jobs.id
  description                  = "Workers of one job among themselves."
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "workers" {
  security_group_id            = aws_security_group.jobs.id
  description                  = "Workers of one job among themselves, and the endpoints in this group."
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.jobs.id
  description       = "S3 by its gateway."
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = local.nat

  security_group_id = aws_security_group.jobs.id
  description       = "Public endpoints of AWS by the NAT gateway."
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  for_each = toset(concat([var.cidr], var.database_cidrs))

  security_group_id = aws_security_group.jobs.id
  description       = "PostgreSQL."
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

resource "aws_glue_connection" "this" {
  name            = "${var.name}-private"
  description     = "The way of jobs to private databases."
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = local.zone
    subnet_id              = aws_subnet.private[local.zone].id
    security_group_id_list = [aws_security_group.jobs.id]
  }
}
