-- title: Versions of sales orders
-- description: Every captured version of every sales order, from when until when it was current, and its deletion.
-- on: both
-- columns: sales_order_id INTEGER, valid_from DATETIME, valid_to DATETIME, deleted_at DATETIME, last_updated_date DATETIME, staff STRING, counterparty STRING, design STRING, units_sold INTEGER, unit_price DECIMAL, currency_code STRING, agreed_payment_date DATETIME, agreed_delivery_date DATETIME
SELECT h.sales_order_id,
       h.valid_from,
       h.valid_to,
       h.deleted_at,
       h.last_updated_date,
       e.first_name || ' ' || e.last_name || ' (' || CAST(e.staff_id AS varchar) || ')' AS staff,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       g.design_name || ' (' || CAST(g.design_id AS varchar) || ')' AS design,
       h.units_sold,
       CAST(h.unit_price AS decimal(18,2)) AS unit_price,
       c.currency_code,
       h.agreed_payment_date,
       h.agreed_delivery_date
  FROM history_sales_order AS h
  JOIN dim_staff AS e ON e.staff_id = h.sales_staff_id
  JOIN dim_counterparty AS p ON p.counterparty_id = h.counterparty_id
  JOIN dim_design AS g ON g.design_id = h.design_id
  JOIN dim_currency AS c ON c.currency_id = h.currency_id
 ORDER BY h.sales_order_id, h.valid_from
