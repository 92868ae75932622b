"""What DuckDB has no function for: addresses, bytes and Java's format, in Python."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import zlib
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit

from localathena.sql.python_text import java_double
from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_PLACEHOLDER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")


def url_part(url: str, part: str) -> str | None:
    """A part of an address; NULL of what is none."""
    if re.search(r"\s", url):
        return None
    try:
        read = urlsplit(url)
        port = read.port
    except ValueError:
        return None
    if part == "port":
        return None if port is None else str(port)
    host = (read.netloc.rpartition("@")[2].split(":")[0] if read.netloc else "") or ""
    return {"fragment": read.fragment, "host": host, "path": read.path, "protocol": read.scheme, "query": read.query}[
        part
    ]


def url_parameter(url: str, name: str) -> str | None:
    """The value of an address's first parameter of a name; NULL without one."""
    query = url_part(url, "query")
    for key, value in parse_qsl(query or "", keep_blank_values=True):
        if key == name:
            return value
    return None


def url_encode(text: str) -> str:
    """A text for a place in an address."""
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str) -> str:
    """The text of a place in an address."""
    return unquote_plus(text)


def from_utf8(value: bytes) -> str:
    """Bytes as text; what is none becomes the replacement character."""
    return value.decode("utf-8", "replace")


def from_hex(text: str) -> bytes:
    """Bytes of hexadecimal digits."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError) as error:
        raise failed(_INVALID, f"invalid input to from_hex: {error}") from None


def from_base64(text: str, alphabet: str) -> bytes:
    """Bytes of a text in base 64, or 32."""
    try:
        if alphabet == "32":
            return base64.b32decode(text + "=" * (-len(text) % 8))
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, b"-_" if alphabet == "url" else None, validate=True)
    except (binascii.Error, ValueError) as error:
        raise failed(_INVALID, f"invalid input: {error}") from None


def to_base32(value: bytes) -> str:
    """Bytes in base 32."""
    return base64.b32encode(value).decode()


def digest(value: bytes, name: str) -> bytes:
    """A digest of bytes."""
    return hashlib.new(name, value, usedforsecurity=False).digest()


def keyed(value: bytes, key: bytes, name: str) -> bytes:
    """A digest of bytes with a key."""
    return hmac.new(key, value, name).digest()


def crc32(value: bytes) -> int:
    """The check sum."""
    return zlib.crc32(value)


def big_endian(value: int, length: int) -> bytes:
    """A whole number's bytes."""
    return value.to_bytes(length, "big", signed=True)


def from_big_endian(value: bytes, length: int) -> int:
    """The whole number of bytes."""
    if len(value) != length:
        raise failed(_INVALID, f"expected {length}-byte input, but got instead: {len(value)}")
    return int.from_bytes(value, "big", signed=True)


def reverse_bytes(value: bytes) -> bytes:
    """Bytes from the last to the first."""
    return value[::-1]


def formatted(form: str, values: list[str | None]) -> str:
    """Java's String.format; a value is a text with its kind before it: d:5, f:1.5, n:1.50, s:x, b:true."""
    place = 0

    def put(found: re.Match[str]) -> str:
        nonlocal place
        letter = found[5]
        if letter in "%n":
            return "%" if letter == "%" else "\n"
        number, place = (int(found[1]) - 1, place) if found[1] else (place, place + 1)
        if not 0 <= number < len(values):
            raise failed(_INVALID, f"Invalid format string: {form} (Format specifier '{found[0]}')")
        return _one(form, found, values[number])

    text = _PLACEHOLDER.sub(put, form)
    if "%" in _PLACEHOLDER.sub("", form):
        raise failed(_INVALID, f"Invalid format string: {form}")
    return text


def _one(form: str, found: re.Match[str], value: str | None) -> str:
    flags, letter = found[2], found[5]
    if value is None:
        body = "null"
    else:
        kind, _, text = value.partition(":")
        shown = _body(letter, kind, text, flags, found[4])
        if shown is None:
            raise failed(_INVALID, f"Invalid format string: {form} ({letter} != {kind})")
        body = shown
    if letter in "sSbB" and found[4] is not None:
        body = body[: int(found[4])]
    body = body.upper() if letter.isupper() else body
    width = int(found[3] or 0)
    if "-" in flags:
        return body.ljust(width)
    if "0" in flags and value is not None:
        sign = body[0] if body[:1] in "+-" and body else ""
        return sign + body[len(sign) :].rjust(width - len(sign), "0")
    return body.rjust(width)


def _body(letter: str, kind: str, text: str, flags: str, places: str | None) -> str | None:
    """A value by one letter of the format; None when the letter is for another kind."""
    if letter in "sS":
        return text
    if letter in "bB":
        return text if kind == "b" else "true"
    if letter == "d" and kind == "d":
        body = f"{int(text):,}" if "," in flags else text
    elif letter in "xXo" and kind == "d":
        number = int(text)
        body = format(number if number >= 0 else number + (1 << 64), letter.lower())
    elif letter == "f" and kind in "fn":
        rounded = Decimal(text).quantize(Decimal(1).scaleb(-int(places or 6)), rounding=ROUND_HALF_UP)
        body = f"{rounded:,f}" if "," in flags else f"{rounded:f}"
    elif letter in "eE" and kind in "fn":
        body = f"{float(text):.{int(places or 6)}e}"
    elif letter in "gG" and kind in "fn":
        body = f"{float(text):.{int(places or 6)}g}"
    else:
        return None
    if body.startswith("-"):
        return f"({body[1:]})" if "(" in flags else body
    return f"+{body}" if "+" in flags else f" {body}" if " " in flags else body


def double_text(value: float) -> str:
    """A double as CAST to text writes it."""
    return java_double(value, always_exponent=True)


def json_quote(text: str) -> str:
    """A text as JSON."""
    return json.dumps(text, ensure_ascii=False)


_MASK = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _turned(value: int, by: int) -> int:
    return (value << by | value >> 64 - by) & _MASK


def _round(mixed: int, lane: int) -> int:
    return _turned(mixed + lane * _P2 & _MASK, 31) * _P1 & _MASK


def xxhash64(value: bytes) -> bytes:
    """The digest XXH64 with seed 0."""
    place, length = 0, len(value)
    if length >= 32:
        lanes = [_P1 + _P2 & _MASK, _P2, 0, -_P1 & _MASK]
        while place + 32 <= length:
            for number in range(4):
                lanes[number] = _round(lanes[number], int.from_bytes(value[place : place + 8], "little"))
                place += 8
        mixed = sum(_turned(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & _MASK
        for lane in lanes:
            mixed = ((mixed ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        mixed = _P5
    mixed = mixed + length & _MASK
    while place + 8 <= length:
        mixed ^= _round(0, int.from_bytes(value[place : place + 8], "little"))
        mixed, place = (_turned(mixed, 27) * _P1 + _P4) & _MASK, place + 8
    if place + 4 <= length:
        mixed ^= int.from_bytes(value[place : place + 4], "little") * _P1 & _MASK
        mixed, place = (_turned(mixed, 23) * _P2 + _P3) & _MASK, place + 4
    for byte in value[place:]:
        mixed = _turned(mixed ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    for by, factor in ((33, _P2), (29, _P3), (32, 1)):
        mixed = (mixed ^ mixed >> by) * factor & _MASK
    return mixed.to_bytes(8, "big")
