# Values are put by hand or by a rotation, never by Terraform: what is in no configuration is in no state.
resource "aws_secretsmanager_secret" "this" {
  for_each = var.names

  name                    = each.value
  description             = "JSON with host, port, dbname, username, password, sslmode and sslrootcert."
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}
