-- title: The history of one order
-- description: Every captured version of one sales order, from when until when it was current, and its deletion. The order is chosen in the first lines.
-- on: both
-- columns: sales_order_id INTEGER, valid_from DATETIME, valid_to DATETIME, deleted_at DATETIME, last_updated_date DATETIME, sold_by STRING, sold_to STRING, design_name STRING, units_sold INTEGER, unit_price DECIMAL, currency_code STRING, agreed_payment_date DATETIME, agreed_delivery_date DATETIME
WITH chosen AS (
    SELECT 1 AS sales_order_id
)
SELECT h.sales_order_id,
       h.valid_from,
       h.valid_to,
       h.deleted_at,
       h.last_updated_date,
       e.first_name || ' ' || e.last_name AS sold_by,
       p.counterparty_legal_name AS sold_to,
       g.design_name,
       h.units_sold,
       h.unit_price,
       c.currency_code,
       h.agreed_payment_date,
       h.agreed_delivery_date
  FROM history_sales_order AS h
  JOIN chosen AS o ON o.sales_order_id = h.sales_order_id
  JOIN dim_staff AS e ON e.staff_id = h.sales_staff_id
  JOIN dim_counterparty AS p ON p.counterparty_id = h.counterparty_id
  JOIN dim_design AS g ON g.design_id = h.design_id
  JOIN dim_currency AS c ON c.currency_id = h.currency_id
 ORDER BY h.valid_from
