-- title: Purchase orders
-- description: Every purchase order as it is now, with who bought what from whom, and for how much.
-- on: both
-- columns: purchase_order_id INTEGER, ordered_on DATETIME, staff STRING, counterparty STRING, country STRING, item_code STRING, currency_code STRING, quantity INTEGER, spend DECIMAL
SELECT o.purchase_order_id,
       o.created_date AS ordered_on,
       e.first_name || ' ' || e.last_name || ' (' || CAST(e.staff_id AS varchar) || ')' AS staff,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       p.counterparty_legal_country AS country,
       o.item_code,
       c.currency_code,
       o.item_quantity AS quantity,
       CAST(o.item_quantity * o.item_unit_price AS decimal(18,2)) AS spend
  FROM current_purchase_orders AS o
  JOIN dim_staff AS e ON e.staff_id = o.staff_id
  JOIN dim_counterparty AS p ON p.counterparty_id = o.counterparty_id
  JOIN dim_currency AS c ON c.currency_id = o.currency_id
 ORDER BY o.purchase_order_id
