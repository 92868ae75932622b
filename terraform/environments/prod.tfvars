# The environment people rely on. Its state's place is beside it: prod.s3.tfbackend, see docs/deployment.md.
name              = "totelake-prod"
schedules_enabled = true
