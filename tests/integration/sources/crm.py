"""A small database of contacts: keys of several columns, of uuid and of text, arrays, names that views would give."""

from __future__ import annotations

STRUCTURE = (
    "CREATE TYPE mood AS ENUM ('glad', 'cross')",
    """CREATE TABLE contact (contact_id uuid PRIMARY KEY, name text NOT NULL, mails text[], feels mood,
       visits smallint NOT NULL DEFAULT 0, details jsonb, deleted_at timestamp(3))""",
    """CREATE TABLE consent (contact_id uuid REFERENCES contact, channel text COLLATE "C", since date,
       granted boolean NOT NULL, PRIMARY KEY (contact_id, channel, since))""",
    'CREATE TABLE label (code text PRIMARY KEY, "Colour" text, weight numeric(6,2))',
)
_UUID = "('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid"
ROWS = (
    f"""INSERT INTO contact (contact_id, name, mails, feels, details, deleted_at)
        SELECT {_UUID}, 'Ana ' || i, ARRAY['a@b.example', NULL, 'x,"y"'], 'glad', '{{"a": 1.10}}',
               CASE WHEN i = 1 THEN timestamp '2026-01-01 10:00:00.123' END FROM generate_series(1, 9) AS i""",
    f"""INSERT INTO consent SELECT {_UUID}, channel, '2026-01-01'::date + i, i % 2 = 0
        FROM generate_series(1, 9) AS i, unnest(ARRAY['mail', 'Mail', 'mail ']) AS channel""",
    "INSERT INTO label VALUES ('a', 'red', 1.50), ('A', NULL, -0.01), ('', 'none', NULL), ('ä', 'blue', 99.99)",
)
CHANGES = (
    "DELETE FROM consent WHERE channel = 'Mail' AND granted",
    "UPDATE consent SET granted = NOT granted WHERE channel = 'mail '",
    "UPDATE label SET code = 'b' WHERE code = 'A'",
    "UPDATE contact SET visits = visits + 1, mails = '{}' WHERE deleted_at IS NULL",
    "DELETE FROM label WHERE code = ''",
)
TABLES = {"contact": ("contact_id",), "consent": ("contact_id", "channel", "since"), "label": ("code",)}
# by table what can be compared, in the lake and in the source: what the lake keeps as text is so in both
IN_LAKE = {
    "contact": "contact_id, name, mails, feels, visits, details, deleted_at",
    "consent": "contact_id, channel, since, granted",
    "label": 'code, "colour", weight',
}
IN_SOURCE = {
    "contact": "contact_id::text, name, mails::text, feels::text, visits, details::text, deleted_at",
    "consent": "contact_id::text, channel, since, granted",
    "label": 'code, "Colour", weight',
}
