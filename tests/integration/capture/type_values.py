"""Types of a source with values that are hard to carry, and the type that each has in the lake, as docs/types.md says.

A value is an expression of SQL. Beside them every column has a NULL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# made in the database first, whatever the search path is
MADE = (
    "CREATE TYPE public.\"Mood\" AS ENUM ('ok', 'it''s', 'a,\"b\"', '')",
    'CREATE TYPE public.pair AS (a integer, "B" text, c timestamptz)',
    'CREATE TYPE public.nest AS (p public.pair, m public."Mood"[])',
    "CREATE TYPE public.words AS RANGE (subtype = text)",
    "CREATE DOMAIN public.small AS numeric(8,2) CHECK (VALUE < 900000)",
    "CREATE DOMAIN public.smaller AS public.small CHECK (VALUE < 0)",
    "CREATE DOMAIN public.needed AS public.small NOT NULL DEFAULT 0",
    "CREATE DOMAIN public.least AS public.needed",
    "CREATE DOMAIN public.document AS jsonb",
    'CREATE DOMAIN public.moods AS public."Mood"',
    "CREATE DOMAIN public.moment AS timestamptz(3)",
    "CREATE DOMAIN public.pairs AS public.pair[] CHECK (cardinality(VALUE) < 9)",
    'CREATE SCHEMA "My, schema"',
    'CREATE TYPE "My, schema"."an ""odd"" one" AS ("a b" integer, c text)',
    'CREATE TYPE "My, schema"."Kind" AS ENUM (\'x\')',
    "CREATE TYPE public.odd",
    "CREATE FUNCTION public.odd_in(cstring) RETURNS public.odd LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
    "CREATE FUNCTION public.odd_out(public.odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
    "CREATE TYPE public.odd (INPUT = public.odd_in, OUTPUT = public.odd_out, LIKE = text)",
)
_HARD = """ARRAY['', 'NULL', NULL, 'null', 'a"b', 'c\\d', 'e,f', E'g\\nh\\r', '{i}', ' j ', '\\x41', 'é\U0001f600']"""
_TEXTS = tuple(f"({_HARD})[{place}]" for place in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12))


@dataclass(frozen=True)
class Kind:
    """One type: the lake's type of it as Hive has it, and its values."""

    hive: str
    values: tuple[str, ...]


def _quoted(*values: str) -> tuple[str, ...]:
    return tuple("'" + value.replace("'", "''") + "'" for value in values)


def _text(*values: str) -> Kind:
    return Kind("string", _quoted(*values))


NATIVE: Mapping[str, Kind] = {
    "smallint": Kind("smallint", _quoted("-32768", "0", "32767")),
    "integer": Kind("int", _quoted("-2147483648", "2147483647")),
    "bigint": Kind("bigint", _quoted("-9223372036854775808", "9223372036854775807")),
    "numeric(10,2)": Kind("decimal(10,2)", _quoted("-99999999.99", "0.01", "99999999.99")),
    "numeric(38,10)": Kind("decimal(38,10)", _quoted("9999999999999999999999999999.9999999999", "-0.0000000001")),
    "numeric(38,0)": Kind("decimal(38,0)", _quoted("99999999999999999999999999999999999999")),
    "real": Kind("float", _quoted("NaN", "-Infinity", "-0", "0.1", "1e-45", "3.4028235e38")),
    "double precision": Kind("double", _quoted("NaN", "Infinity", "-0", "0.1", "5e-324", "1.7976931348623157e308")),
    '"char"': Kind("string", _quoted("a", '"', ",", "")),
    "boolean": Kind("boolean", ("true", "false")),
    "date": Kind("date", _quoted("0001-01-01", "1969-12-31", "9999-12-31")),
    "timestamp without time zone": Kind(
        "timestamp", _quoted("0001-01-01 00:00:00", "1969-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999")
    ),
    "timestamp(3) without time zone": Kind("timestamp", _quoted("2024-08-05 01:02:03.004")),
    "timestamp with time zone": Kind(
        "timestamp",
        _quoted("0001-01-01 00:00:00+00", "1969-12-31 23:59:59.999999Z", "9999-12-31 23:59:59.999999+00",
                "2024-03-31 02:30:00+05:45", "1900-01-01 00:00:00.000001-15:59:59"),
    ),
    "timestamp(3) with time zone": Kind("timestamp", _quoted("2024-08-05 01:02:03.004+02")),
    "bytea": Kind(
        "binary",
        (r"'\x'::bytea", r"'\x00'::bytea", r"'\x5c7830302c220a'::bytea",
         "(SELECT string_agg(set_byte('\\x00'::bytea, 0, n), '' ORDER BY n) FROM generate_series(0, 255) AS n)",
         "decode(repeat('00ff5c27', 300000), 'hex')"),
    ),
    "text": Kind("string", _TEXTS),
    "character varying": Kind("string", _TEXTS),
    "character varying(12)": Kind("string", _TEXTS),
    "character(12)": Kind("string", _TEXTS),
    'public."Mood"': Kind("string", _quoted("ok", "it's", 'a,"b"', "")),
    "time without time zone": _text("00:00:00", "00:00:00.000001", "23:59:59.999999", "24:00:00"),
    "time(3) without time zone": _text("12:34:56.789"),
}  # fmt: skip
_JSON = (
    '{"b": 1.10, "a": "x,\\"y\\"\\n\\\\", "a": [null, {}]}', ' [1 , 2e400,\n "\\u00e9é"] ', "null", '""', '"\'"', "{}",
)  # fmt: skip
AS_TEXT: Mapping[str, Kind] = {
    "json": _text(*_JSON),
    "jsonb": _text(*_JSON),
    "jsonpath": _text('$."a b"[*] ? (@ > 1.5 && @.c like_regex "^x\\\\d\\"")'),
    "uuid": _text("00000000-0000-0000-0000-000000000000", "6F1D0D0A-0000-4000-8000-ffffffffffff"),
    "integer[]": _text("{}", "{1,NULL,-3}", "[2:3]={4,5}", "{{1,2},{3,4}}"),
    "text[]": Kind("string", (_HARD, "'{}'", "ARRAY['']", "ARRAY[NULL::text]")),
    "bytea[]": Kind("string", (r"ARRAY['\x00ff'::bytea, NULL, '\x']",)),
    "real[]": _text("{0.1,1e-45,NaN,-0}"),
    "double precision[]": _text("{0.30000000000000004,5e-324,-Infinity}"),
    "numeric(5,2)[]": _text("{1.10,NaN}"),
    "boolean[]": _text("{t,f,NULL}"),
    "date[]": _text("{infinity,-infinity,2024-02-03}", '{"0044-03-15 BC"}'),
    "timestamp with time zone[]": _text('{"2024-02-03 04:05:06.000007+05:45",infinity,NULL}'),
    "interval[]": _text('{"1 year -2 mons +3 days -04:05:06.000007"}'),
    "money[]": _text('{"$1,234.56",-$0.01}'),
    "inet[]": _text("{10.0.0.1/8,::1}"),
    "jsonb[]": Kind("string", ("ARRAY['{\"a\": \"b,c\"}'::jsonb, 'null', NULL]",)),
    'public."Mood"[]': Kind("string", ("ARRAY['it''s', 'a,\"b\"', '', NULL]::public.\"Mood\"[]",)),
    "public.pair[]": Kind("string", ("ARRAY[(1, 'x,\"y\"\\z', '2024-02-03 04:05:06+05:45')::public.pair, NULL]",)),
    "inet": _text("10.0.0.1", "10.0.0.1/8", "::ffff:1.2.3.4/128", "fe80::/10"),
    "cidr": _text("10.0.0.0/8", "10.0.0.1/32", "::/0"),
    "macaddr": _text("08:00:2b:01:02:03"),
    "macaddr8": _text("08:00:2b:ff:fe:01:02:03"),
    "interval": _text("1 year -2 mons +3 days -04:05:06.000007", "-178000000 years", "00:00:00", "1 mon", "-1 days"),
    "interval(3)": _text("00:00:01.234"),
    "interval day to second(3)": _text("3 days 04:05:06.789"),
    "time with time zone": _text("12:34:56.123456+05:45", "24:00:00-15:59:59", "00:00:00+00"),
    "time(0) with time zone": _text("12:34:56+02"),
    "int4range": _text("[1,5)", "empty", "(,)", "[,7)"),
    "int8range": _text("[-9223372036854775808,9223372036854775807)"),
    "numrange": _text("[1.10,1.100]", "(NaN,)"),
    "daterange": _text("[2024-02-03,infinity)", "empty"),
    "tsrange": _text('["2024-02-03 04:05:06.000007","infinity"]'),
    "tstzrange": _text('("2024-02-03 04:05:06+05:45",)'),
    "public.words": _text('["a,b","c""d\\\\e")', '["",x]'),
    "int4multirange": _text("{}", "{[1,2),[5,)}"),
    "int8multirange": _text("{[1,9223372036854775807)}"),
    "nummultirange": _text("{[1.10,1.5]}"),
    "datemultirange": _text("{[2024-02-03,2024-02-05)}"),
    "tsmultirange": _text('{["2024-02-03 04:05:06.000007","2024-02-04 00:00:00")}'),
    "tstzmultirange": _text('{("2024-02-03 04:05:06+05:45",)}'),
    "bit(3)": _text("101"),
    "bit varying(5)": _text("", "10101"),
    "bit varying": _text("", "1" * 200),
    "xml": _text("", "just text", '<a b="1">x&amp;<!-- y -->\n</a>', '<?xml version="1.0"?><é/>'),
    "tsvector": _text("", "'a b':1A 'c''d':2 'e\\\\f'"),
    "tsquery": _text("'a b' & !'c''d':AB | e <2> f:*"),
    "money": _text("-$92,233,720,368,547,758.08", "$1,234.56", "$0.00"),
    "numeric": _text("NaN", "Infinity", "10.5", "10.500", "-0.00", "1e-1000", "9" * 500 + "." + "1" * 500),
    "numeric(40,2)": _text("9" * 38 + ".99", "0.00", "NaN"),
    "numeric(5,-2)": _text("1234500"),
    "numeric(2,5)": _text("0.00012"),
    "public.pair": Kind(
        "string",
        ("(1, E'x,\"y\"\\\\z\\n(', '2024-02-03 04:05:06+05:45')", "(NULL, NULL, NULL)", "(2, '', 'infinity')"),
    ),
    "public.nest": Kind("string", ("((1, 'a\"b', NULL)::public.pair, '{ok,it''s,\"\"}')",)),
    '"My, schema"."an ""odd"" one"': Kind("string", ("(1, 'x')",)),
    '"My, schema"."Kind"[]': _text("{x,NULL}"),
    "public.odd": Kind("string", _quoted("", "a,\"b\"\\", "x\ny")),
    "oid": _text("0", "4294967295"),
    "name": _text("", 'a "b"', "x,y"),
    "xid": _text("4294967295"),
    "xid8": _text("18446744073709551615"),
    "cid": _text("7"),
    "tid": _text("(4294967295,65535)"),
    "pg_lsn": _text("FFFFFFFF/FFFFFFFF", "0/0"),
    "pg_snapshot": _text("10:20:10,14,15"),
    "regclass": _text("public.design", "pg_catalog.pg_class", "-"),
    "regtype": _text('public."Mood"', "timestamp with time zone"),
    "regprocedure": _text("public.odd_in(cstring)"),
    "regnamespace": _text("public"),
    "int2vector": _text("", "1 2 3"),
    "oidvector": _text("1 2"),
    "refcursor": _text("", "a,\"b\""),
    "bpchar": _text("ab  ", ""),
    "point": _text("(0.1,-1e-300)", "(NaN,Infinity)"),
    "line": _text("{1,-2,0.30000000000000004}"),
    "lseg": _text("[(0,0),(1,0.1)]"),
    "box": _text("(1,1),(0,-0.1)"),
    "path": _text("[(0,0),(1,1)]", "((0,0),(1,1))"),
    "polygon": _text("((0,0),(1,1),(2,0))"),
    "circle": _text("<(0.1,0),5>"),
}  # fmt: skip
# columns of these are of the type beneath: by domain, that type and its values
DOMAINS: Mapping[str, tuple[str, Kind]] = {
    "public.small": ("numeric(8,2)", Kind("decimal(8,2)", _quoted("899999.99"))),
    "public.smaller": ("numeric(8,2)", Kind("decimal(8,2)", _quoted("-0.01"))),
    "public.document": ("jsonb", _text('{"a": 1}')),
    "public.moods": ('"Mood"', _text("it's")),
    "public.pairs": ("public.pair[]", Kind("string", ("ARRAY[(1, 'x', NULL)::public.pair]",))),
    "public.moment": ("timestamp(3) with time zone", Kind("timestamp", _quoted("2024-08-05 01:02:03.004+02"))),
}
# by extension, tested where the server has it
EXTENSIONS: Mapping[str, Mapping[str, Kind]] = {
    "hstore": {"public.hstore": _text("", '"a b"=>NULL, "c"=>"d,\\"e\\"\\\\"')},
    "citext": {"public.citext": _text("", "Ab,c")},
    "ltree": {"public.ltree": _text("Top.A_b")},
    "cube": {"public.cube": _text("(0.1, 2),(3, 4)")},
    "postgis": {"public.geometry(Point,4326)": _text("SRID=4326;POINT(0.1 2)")},
}
