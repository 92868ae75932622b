# The environment to try things in. Its state's place is beside it: dev.s3.tfbackend, see docs/deployment.md.
name              = "totelake-dev"
schedules_enabled = false
