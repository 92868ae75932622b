# The environment people rely on. Its state's place is beside it: prod.s3.tfbackend, see docs/deployment.md.
name = "totelake-prod"
# true once the secrets have values and a run by hand succeeded: docs/deployment.md, "By itself"
schedules_enabled = false
