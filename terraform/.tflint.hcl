plugin "terraform" {
  enabled = true
  preset  = "all"
}

plugin "aws" {
  enabled = true
  version = "0.42.0"
  source  = "github.com/terraform-linters/tflint-ruleset-aws"
}

rule "terraform_naming_convention" {
  enabled = true
  format  = "snake_case"
}

# locals stand where they are used, and parts of one concern have a file of their own (kms.tf, nat.tf)
rule "terraform_standard_module_structure" {
  enabled = false
}
