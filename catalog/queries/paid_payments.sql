-- title: Paid payments
-- description: Every payment that is marked as paid, and the days from its order to the payment.
-- on: both
-- columns: payment_id INTEGER, transaction_type STRING, sales_order_id INTEGER, purchase_order_id INTEGER, ordered_on DATETIME, payment_date DATETIME, days INTEGER, staff STRING, counterparty STRING, currency_code STRING, payment_amount DECIMAL
WITH orders AS (
    SELECT t.transaction_id,
           t.transaction_type,
           t.sales_order_id,
           t.purchase_order_id,
           s.created_date AS ordered_on,
           s.sales_staff_id AS staff_id
      FROM dim_transaction AS t
      JOIN current_sales_order AS s ON s.sales_order_id = t.sales_order_id
    UNION ALL
    SELECT t.transaction_id, t.transaction_type, t.sales_order_id, t.purchase_order_id, o.created_date, o.staff_id
      FROM dim_transaction AS t
      JOIN current_purchase_orders AS o ON o.purchase_order_id = t.purchase_order_id
)
SELECT f.payment_id,
       o.transaction_type,
       o.sales_order_id,
       o.purchase_order_id,
       o.ordered_on,
       f.payment_date,
       CAST(extract(day FROM (CAST(f.payment_date AS timestamp) - CAST(o.ordered_on AS timestamp))) AS integer) AS days,
       e.first_name || ' ' || e.last_name || ' (' || CAST(e.staff_id AS varchar) || ')' AS staff,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       c.currency_code,
       CAST(f.payment_amount AS decimal(18,2)) AS payment_amount
  FROM current_payment AS f
  JOIN orders AS o ON o.transaction_id = f.transaction_id
  JOIN dim_staff AS e ON e.staff_id = o.staff_id
  JOIN dim_counterparty AS p ON p.counterparty_id = f.counterparty_id
  JOIN dim_currency AS c ON c.currency_id = f.currency_id
 WHERE f.paid
 ORDER BY f.payment_id
