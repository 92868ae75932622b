output "connection" {
  description = "The connection, with the subnet and the security group that its jobs get."
  value = {
    name               = aws_glue_connection.this.name
    subnet_arn         = aws_subnet.private[local.zone].arn
    security_group_arn = aws_security_group.jobs.arn
  }
}

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Private subnets in two zones."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "security_group_id" {
  description = "Security group of the jobs."
  value       = aws_security_group.jobs.id
}

output "route_table_id" {
  description = "Route table of the private subnets, for a way to a peer."
  value       = aws_route_table.private.id
}

output "endpoints" {
  description = "Services that have an interface endpoint."
  value       = keys(aws_vpc_endpoint.interface)
}

output "has_nat" {
  description = "Whether there is a NAT gateway."
  value       = length(aws_nat_gateway.this) > 0
}
