output "address" {
  description = "Host and port."
  value       = { host = aws_db_instance.this.address, port = aws_db_instance.this.port }
}

output "administrator_secret" {
  description = "Secret that RDS keeps the administrator's password in."
  value       = aws_db_instance.this.master_user_secret
}

output "clients_security_group_id" {
  description = "Security group of who may connect beside the jobs."
  value       = aws_security_group.clients.id
}
