# pipeline.yaml with the entries of a source once for each source, one way to publish, and names filled in.
# lib/totelake/contracts/pipeline.py and lib/totelake/deploy/plan.py do the same; tests/terraform holds both against each other.
locals {
  described = yamldecode(file("${local.catalog}/pipeline.yaml"))

  sources = {
    for path in fileset("${local.catalog}/sources", "*/source.yaml") :
    dirname(path) => yamldecode(file("${local.catalog}/sources/${path}"))
  }
  # what stands in braces in entries whose names hold {source}
  words = {
    for name, source in local.sources : name => {
      source              = name
      source_secret       = try(source.secret, "")
      source_schedule     = source.schedule
      source_table_prefix = try(source.table_prefix, "${name}_")
    }
  }
  contracts = {
    for path in fileset(local.catalog, "{sources,warehouse}/**/*.{yaml,yml}") :
    path => yamldecode(file("${local.catalog}/${path}")) if !endswith(path, "/source.yaml")
  }
  tables_by_source = {
    for source in keys(local.sources) : source => sort(flatten([
      for path, contract in local.contracts : contract.schema[*].name if startswith(path, "sources/${source}/")
    ]))
  }
  star_tables = [for path, contract in local.contracts : contract.schema[*].name if startswith(path, "warehouse/")]
  # where the rows of star tables are
  star_places = [for name in concat(["compacted"], sort(flatten(local.star_tables))) : "processed/${name}"]

  # entries of a source as they are for its kind: what is under the kind in of_kind is added to the arguments, and takes the place of other values
  of_kind = {
    for source, described in local.sources : source => {
      for part in ["jobs", "crawlers", "workflows", "triggers"] : part => {
        for name, entry in local.described[part] : name => jsonencode(merge(
          { for key, value in entry : key => value if key != "of_kind" },
          try(entry.of_kind[described.kind], {}),
          { for key in ["arguments"] : key => merge(try(entry.arguments, {}), try(entry.of_kind[described.kind].arguments, {})) if can(entry.of_kind) },
        )) if strcontains(name, "{source}")
      }
    }
  }
  # once for each source what holds {source} in its name; of a script only jobs make use
  spread = {
    for part in ["jobs", "crawlers", "workflows", "triggers"] : part => merge(
      { for name, entry in local.described[part] : name => merge({ script = replace(name, "-", "_") }, entry) if !strcontains(name, "{source}") },
      [
        for source, words in local.words : {
          for name, entry in local.of_kind[source][part] : replace(name, "{source}", source) => merge(
            { script = replace(replace(name, "-{source}", ""), "-", "_") },
            jsondecode(replace(replace(replace(replace(entry,
              "{source}", words.source),
              "{source_secret}", words.source_secret),
              "{source_schedule}", words.source_schedule),
            "{source_table_prefix}", words.source_table_prefix)),
            { source = source },
          )
        }
      ]...
    )
  }
  # in the access of the others {source} is one of each; lists in lists are joined
  jobs = {
    for name, job in local.spread.jobs : name => merge(job, {
      for key, access in { access = try(job.access, null) } : key => {
        for kind, paths in access : kind => flatten([
          for path in flatten([paths]) : (
            path == "{star_tables}" ? tolist(local.star_places) : tolist([
              for source in(strcontains(path, "{source}") ? keys(local.sources) : [""]) : replace(path, "{source}", source)
            ])
          )
        ])
      } if access != null
    })
  }
  # without the jobs and triggers of the other way to publish; a way that is neither is an error here
  publish = { split = "split", fused = "fused" }[local.described.publish]
  active = merge(local.described, local.spread, {
    for part, entries in { jobs = local.jobs, triggers = local.spread.triggers } : part => {
      for name, entry in entries : name => entry if try(entry.publish, local.publish) == local.publish
    }
  })
  pipeline = jsondecode(
    replace(replace(replace(replace(replace(jsonencode(local.active),
      "{prefix}", local.names.prefix),
      "{database_prefix}", local.names.database_prefix),
      "{ingestion_bucket}", local.names.ingestion_bucket),
      "{processed_bucket}", local.names.processed_bucket),
    "{alert_topic}", local.names.alert_topic)
  )
}
