# The environment to try things in. Its state's place is beside it: dev.s3.tfbackend, see docs/deployment.md.
name = "totelake-dev"
# true once the secrets have values and a run by hand succeeded: docs/deployment.md, "By itself"
schedules_enabled = false
