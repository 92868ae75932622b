# ruff: noqa: E501
"""Athena's functions of numbers, bits, texts and bytes."""

from __future__ import annotations

from localathena.sql.refusals import failure
from localathena.sql.signatures import table_of

_NAN, _SPACES = "CAST('NaN' AS DOUBLE)", "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' '"

_NOT_POSITIVE = failure("INVALID_FUNCTION_ARGUMENT", "'bound must be positive'", "{R}")
_BELOW = f"CASE WHEN {{0}} <= 0 THEN {_NOT_POSITIVE} ELSE CAST(floor(random() * {{0}}) AS {{R}}) END"

_NUMBERS = f"""
abs(N) -> N : abs({{0}})
ceil(I) -> I : {{0}}
ceil(decimal(p,s)) -> decimal(i,0) : CAST(ceil(CAST({{0}} AS DECIMAL(38, {{s}}))) AS {{R}})
ceil(double) -> double : ceil({{0}})
floor(I) -> I : {{0}}
floor(decimal(p,s)) -> decimal(i,0) : CAST(floor(CAST({{0}} AS DECIMAL(38, {{s}}))) AS {{R}})
floor(double) -> double : floor({{0}})
round(I) -> I : {{0}}
round(I, bigint) -> I : CAST(round({{0}}, CAST({{1}} AS INTEGER)) AS {{R}})
round(decimal(p,s)) -> decimal(i,0) : CAST(round(CAST({{0}} AS DECIMAL(38, {{s}}))) AS {{R}})
round(decimal(p,s), bigint) -> decimal(q,s) : CAST(round(CAST({{0}} AS DECIMAL(38, {{s}})), CAST({{1}} AS INTEGER)) AS {{R}})
round(real) -> real : round({{0}})
round(double) -> double : round({{0}})
round(real, bigint) -> real : CAST(round({{0}}, CAST({{1}} AS INTEGER)) AS FLOAT)
round(double, bigint) -> double : round({{0}}, CAST({{1}} AS INTEGER))
truncate(I) -> I : {{0}}
truncate(decimal(p,s)) -> decimal(t,0) : CAST(trunc({{0}}) AS {{R}})
truncate(decimal(p,s), bigint) -> decimal(p,s) : CAST(py_truncate(CAST({{0}} AS VARCHAR), {{1}}) AS {{R}})
truncate(real) -> real : trunc({{0}})
truncate(double) -> double : trunc({{0}})
sign(I) -> I : CAST(sign({{0}}) AS {{R}})
sign(decimal(p,s)) -> decimal(1,0) : CAST(sign({{0}}) AS {{R}})
sign(double) -> double : CASE WHEN isnan({{0}}) THEN {{0}} ELSE CAST(sign({{0}}) AS DOUBLE) END
cbrt(double) -> double : cbrt({{0}})
degrees(double) -> double : degrees({{0}})
radians(double) -> double : radians({{0}})
e() -> double : exp(CAST(1 AS DOUBLE))
pi() -> double : pi()
exp(double) -> double : exp({{0}})
ln(double) -> double : CASE WHEN {{0}} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {{0}} < 0 THEN {_NAN} ELSE ln({{0}}) END
log2(double) -> double : CASE WHEN {{0}} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {{0}} < 0 THEN {_NAN} ELSE log2({{0}}) END
log10(double) -> double : CASE WHEN {{0}} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {{0}} < 0 THEN {_NAN} ELSE log10({{0}}) END
log(double, double) -> double : py_log({{0}}, {{1}})
power(double, double) -> double : power({{0}}, {{1}})
pow(double, double) -> double : power({{0}}, {{1}})
sqrt(double) -> double : CASE WHEN {{0}} < 0 THEN {_NAN} ELSE sqrt({{0}}) END
acos(double) -> double : CASE WHEN abs({{0}}) > 1 THEN {_NAN} ELSE acos({{0}}) END
asin(double) -> double : CASE WHEN abs({{0}}) > 1 THEN {_NAN} ELSE asin({{0}}) END
atan(double) -> double : atan({{0}})
atan2(double, double) -> double : atan2({{0}}, {{1}})
cos(double) -> double : cos({{0}})
cosh(double) -> double : cosh({{0}})
sin(double) -> double : sin({{0}})
sinh(double) -> double : sinh({{0}})
tan(double) -> double : tan({{0}})
tanh(double) -> double : tanh({{0}})
infinity() -> double : CAST('Infinity' AS DOUBLE)
nan() -> double : {_NAN}
is_nan(double) -> boolean : isnan({{0}})
is_finite(double) -> boolean : isfinite({{0}})
is_infinite(double) -> boolean : isinf({{0}})
random() -> double : random()
rand() -> double : random()
random(I) -> I : {_BELOW}
rand(I) -> I : {_BELOW}
random(I, I) -> I : CAST(floor(random() * ({{1}} - {{0}})) + {{0}} AS {{R}})
width_bucket(double, double, double, bigint) -> bigint : py_width_bucket({{0}}, {{1}}, {{2}}, {{3}})
width_bucket(double, array(double)) -> bigint : len(list_filter({{1}}, lambda b: b <= {{0}}))
from_base(varchar, bigint) -> bigint : py_from_base({{0}}, {{1}})
to_base(bigint, bigint) -> varchar(64) : py_to_base({{0}}, {{1}})
bit_count(bigint, bigint) -> bigint : py_bit_count({{0}}, {{1}})
bitwise_and(bigint, bigint) -> bigint : ({{0}} & {{1}})
bitwise_or(bigint, bigint) -> bigint : ({{0}} | {{1}})
bitwise_xor(bigint, bigint) -> bigint : xor({{0}}, {{1}})
bitwise_not(bigint) -> bigint : (~{{0}})
bitwise_left_shift(integer, bigint) -> integer : CAST(py_shift({{0}}, {{1}}, 32, 'left') AS INTEGER)
bitwise_left_shift(bigint, bigint) -> bigint : py_shift({{0}}, {{1}}, 64, 'left')
bitwise_right_shift(integer, bigint) -> integer : CAST(py_shift({{0}}, {{1}}, 32, 'right') AS INTEGER)
bitwise_right_shift(bigint, bigint) -> bigint : py_shift({{0}}, {{1}}, 64, 'right')
bitwise_right_shift_arithmetic(integer, bigint) -> integer : CAST(py_shift({{0}}, {{1}}, 32, 'signed') AS INTEGER)
bitwise_right_shift_arithmetic(bigint, bigint) -> bigint : py_shift({{0}}, {{1}}, 64, 'signed')
uuid() -> uuid : CAST(uuid() AS VARCHAR)
"""

_TEXTS = f"""
chr(bigint) -> varchar(1) : py_chr({{0}})
codepoint(varchar) -> integer : unicode({{0}})
concat(varchar, varchar...) -> varchar : ({{CAT}})
concat(varbinary, varbinary...) -> varbinary : ({{CAT}})
concat_ws(varchar, array(varchar)) -> varchar : CASE WHEN {{0}} IS NOT NULL THEN coalesce(array_to_string(list_filter({{1}}, lambda q: q IS NOT NULL), {{0}}), '') END
concat_ws(varchar, varchar...) -> varchar : concat_ws({{ALL}})
format_number(double) -> varchar : py_format_number({{0}})
from_utf8(varbinary) -> varchar : py_from_utf8({{0}})
to_utf8(varchar) -> varbinary : encode({{0}})
hamming_distance(varchar, varchar) -> bigint : py_hamming({{0}}, {{1}})
length(varchar) -> bigint : length({{0}})
length(varbinary) -> bigint : octet_length({{0}})
levenshtein_distance(varchar, varchar) -> bigint : levenshtein({{0}}, {{1}})
luhn_check(varchar) -> boolean : py_luhn({{0}})
lower(varchar(x)) -> varchar(x) : py_lower({{0}})
upper(varchar(x)) -> varchar(x) : py_upper({{0}})
lpad(varchar, bigint, varchar) -> varchar : CASE WHEN {{2}} = '' THEN <<INVALID_FUNCTION_ARGUMENT|'Padding string must not be empty'|VARCHAR>> WHEN {{1}} < 0 THEN <<INVALID_FUNCTION_ARGUMENT|'Target length must be in the range [0..2147483647]'|VARCHAR>> ELSE lpad({{0}}, CAST({{1}} AS INTEGER), {{2}}) END
rpad(varchar, bigint, varchar) -> varchar : CASE WHEN {{2}} = '' THEN <<INVALID_FUNCTION_ARGUMENT|'Padding string must not be empty'|VARCHAR>> WHEN {{1}} < 0 THEN <<INVALID_FUNCTION_ARGUMENT|'Target length must be in the range [0..2147483647]'|VARCHAR>> ELSE rpad({{0}}, CAST({{1}} AS INTEGER), {{2}}) END
ltrim(varchar(x)) -> varchar(x) : ltrim({{0}}, {_SPACES})
rtrim(varchar(x)) -> varchar(x) : rtrim({{0}}, {_SPACES})
trim(varchar(x)) -> varchar(x) : trim({{0}}, {_SPACES})
ltrim(varchar(x), varchar) -> varchar(x) : ltrim({{0}}, {{1}})
rtrim(varchar(x), varchar) -> varchar(x) : rtrim({{0}}, {{1}})
trim(varchar(x), varchar) -> varchar(x) : trim({{0}}, {{1}})
normalize(varchar) -> varchar : py_normalize({{0}}, 'NFC')
normalize(varchar, varchar) -> varchar : py_normalize({{0}}, {{1}})
replace(varchar(x), varchar) -> varchar(x) : CASE WHEN {{1}} = '' THEN {{0}} ELSE replace({{0}}, {{1}}, '') END
replace(varchar, varchar, varchar) -> varchar : CASE WHEN {{1}} = '' THEN py_replace_empty({{0}}, {{2}}) ELSE replace({{0}}, {{1}}, {{2}}) END
reverse(varchar(x)) -> varchar(x) : py_reverse({{0}})
soundex(varchar) -> varchar(4) : py_soundex({{0}})
split(varchar(x), varchar) -> array(varchar(x)) : py_split({{0}}, {{1}}, -1)
split(varchar(x), varchar, bigint) -> array(varchar(x)) : py_split({{0}}, {{1}}, py_positive({{2}}))
split_part(varchar(x), varchar, bigint) -> varchar(x) : py_split_part({{0}}, {{1}}, {{2}})
split_to_map(varchar, varchar, varchar) -> map(varchar, varchar) : py_split_to_map({{0}}, {{1}}, {{2}})
split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar)) : py_split_to_multimap({{0}}, {{1}}, {{2}})
starts_with(varchar, varchar) -> boolean : starts_with({{0}}, {{1}})
strpos(varchar, varchar) -> bigint : instr({{0}}, {{1}})
strpos(varchar, varchar, bigint) -> bigint : py_strpos({{0}}, {{1}}, {{2}})
substr(varchar(x), bigint) -> varchar(x) : CASE WHEN {{1}} = 0 OR abs({{1}}) > length({{0}}) THEN '' ELSE substr({{0}}, {{1}}) END
substr(varchar(x), bigint, bigint) -> varchar(x) : CASE WHEN {{1}} = 0 OR abs({{1}}) > length({{0}}) OR {{2}} <= 0 THEN '' ELSE substr({{0}}, {{1}}, {{2}}) END
substring(varchar(x), bigint) -> varchar(x) : CASE WHEN {{1}} = 0 OR abs({{1}}) > length({{0}}) THEN '' ELSE substr({{0}}, {{1}}) END
substring(varchar(x), bigint, bigint) -> varchar(x) : CASE WHEN {{1}} = 0 OR abs({{1}}) > length({{0}}) OR {{2}} <= 0 THEN '' ELSE substr({{0}}, {{1}}, {{2}}) END
translate(varchar, varchar, varchar) -> varchar : py_translate({{0}}, {{1}}, {{2}})
regexp_like(varchar, varchar) -> boolean : py_regexp_like({{0}}, {{1}})
regexp_count(varchar, varchar) -> bigint : py_regexp_count({{0}}, {{1}})
regexp_position(varchar, varchar) -> integer : py_regexp_position({{0}}, {{1}}, 1, 1)
regexp_position(varchar, varchar, integer) -> integer : py_regexp_position({{0}}, {{1}}, {{2}}, 1)
regexp_position(varchar, varchar, integer, integer) -> integer : py_regexp_position({{0}}, {{1}}, {{2}}, {{3}})
regexp_extract(varchar(x), varchar) -> varchar(x) : py_regexp_extract({{0}}, {{1}}, 0)
regexp_extract(varchar(x), varchar, bigint) -> varchar(x) : py_regexp_extract({{0}}, {{1}}, {{2}})
regexp_extract_all(varchar(x), varchar) -> array(varchar(x)) : py_regexp_extract_all({{0}}, {{1}}, 0)
regexp_extract_all(varchar(x), varchar, bigint) -> array(varchar(x)) : py_regexp_extract_all({{0}}, {{1}}, {{2}})
regexp_replace(varchar(x), varchar) -> varchar(x) : py_regexp_replace({{0}}, {{1}}, '')
regexp_replace(varchar, varchar, varchar) -> varchar : py_regexp_replace({{0}}, {{1}}, {{2}})
regexp_split(varchar(x), varchar) -> array(varchar(x)) : py_regexp_split({{0}}, {{1}})
url_extract_fragment(varchar(x)) -> varchar(x) : py_url_part({{0}}, 'fragment')
url_extract_host(varchar(x)) -> varchar(x) : py_url_part({{0}}, 'host')
url_extract_path(varchar(x)) -> varchar(x) : py_url_part({{0}}, 'path')
url_extract_protocol(varchar(x)) -> varchar(x) : py_url_part({{0}}, 'protocol')
url_extract_query(varchar(x)) -> varchar(x) : py_url_part({{0}}, 'query')
url_extract_port(varchar) -> bigint : CAST(py_url_part({{0}}, 'port') AS BIGINT)
url_extract_parameter(varchar(x), varchar) -> varchar(x) : py_url_parameter({{0}}, {{1}})
url_encode(varchar) -> varchar : py_url_encode({{0}})
url_decode(varchar(x)) -> varchar(x) : py_url_decode({{0}})
"""

_BYTES = """
to_hex(varbinary) -> varchar : hex({0})
from_hex(varchar) -> varbinary : py_from_hex({0})
from_hex(varbinary) -> varbinary : py_from_hex(py_from_utf8({0}))
to_base64(varbinary) -> varchar : to_base64({0})
from_base64(varchar) -> varbinary : py_from_base64({0}, 'standard')
to_base64url(varbinary) -> varchar : replace(replace(to_base64({0}), '+', '-'), '/', '_')
from_base64url(varchar) -> varbinary : py_from_base64({0}, 'url')
to_base32(varbinary) -> varchar : py_to_base32({0})
from_base32(varchar) -> varbinary : py_from_base64({0}, '32')
md5(varbinary) -> varbinary : py_digest({0}, 'md5')
sha1(varbinary) -> varbinary : py_digest({0}, 'sha1')
sha256(varbinary) -> varbinary : py_digest({0}, 'sha256')
sha512(varbinary) -> varbinary : py_digest({0}, 'sha512')
hmac_md5(varbinary, varbinary) -> varbinary : py_hmac({0}, {1}, 'md5')
hmac_sha1(varbinary, varbinary) -> varbinary : py_hmac({0}, {1}, 'sha1')
hmac_sha256(varbinary, varbinary) -> varbinary : py_hmac({0}, {1}, 'sha256')
hmac_sha512(varbinary, varbinary) -> varbinary : py_hmac({0}, {1}, 'sha512')
xxhash64(varbinary) -> varbinary : py_xxhash64({0})
crc32(varbinary) -> bigint : py_crc32({0})
to_big_endian_32(integer) -> varbinary : py_big_endian({0}, 4)
to_big_endian_64(bigint) -> varbinary : py_big_endian({0}, 8)
from_big_endian_32(varbinary) -> integer : CAST(py_from_big_endian({0}, 4) AS INTEGER)
from_big_endian_64(varbinary) -> bigint : py_from_big_endian({0}, 8)
reverse(varbinary) -> varbinary : py_reverse_bytes({0})
"""

SIGNATURES = [*table_of(_NUMBERS), *table_of(_TEXTS), *table_of(_BYTES)]
ALIASES = {"ceiling": "ceil"}
