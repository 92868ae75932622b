-- title: What changed yesterday
-- description: Every order and payment that was captured as new, changed or deleted on the day before today (UTC).
-- on: both
-- columns: record STRING, record_key INTEGER, change STRING, captured_at DATETIME, counterparty STRING, currency_code STRING
WITH yesterday AS (
    SELECT CAST(current_timestamp AT TIME ZONE 'UTC' AS date) - INTERVAL '1' DAY AS starts_at
), versions AS (
    SELECT 'sales_order' AS record,
           sales_order_id AS record_key,
           counterparty_id,
           currency_id,
           valid_from,
           deleted_at,
           row_number() OVER (PARTITION BY sales_order_id ORDER BY valid_from) AS version
      FROM history_sales_order
    UNION ALL
    SELECT 'purchase_order',
           purchase_order_id,
           counterparty_id,
           currency_id,
           valid_from,
           deleted_at,
           row_number() OVER (PARTITION BY purchase_order_id ORDER BY valid_from)
      FROM history_purchase_orders
    UNION ALL
    SELECT 'payment',
           payment_id,
           counterparty_id,
           currency_id,
           valid_from,
           deleted_at,
           row_number() OVER (PARTITION BY payment_id ORDER BY valid_from)
      FROM history_payment
), changes AS (
    SELECT record,
           record_key,
           CASE WHEN version = 1 THEN 'new' ELSE 'changed' END AS change,
           valid_from AS captured_at,
           counterparty_id,
           currency_id
      FROM versions
    UNION ALL
    SELECT record, record_key, 'deleted', deleted_at, counterparty_id, currency_id
      FROM versions
     WHERE deleted_at IS NOT NULL
)
SELECT c.record,
       c.record_key,
       c.change,
       c.captured_at,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       m.currency_code
  FROM changes AS c
  JOIN dim_counterparty AS p ON p.counterparty_id = c.counterparty_id
  JOIN dim_currency AS m ON m.currency_id = c.currency_id
 CROSS JOIN yesterday AS y
 WHERE c.captured_at >= y.starts_at
   AND c.captured_at < y.starts_at + INTERVAL '1' DAY
 ORDER BY c.captured_at, c.record, c.record_key
