-- title: Unpaid and overdue payments
-- description: Every payment that is not marked as paid, and for how many days it has been due (negative, when it is not due yet).
-- on: both
-- columns: payment_id INTEGER, payment_type_name STRING, sales_order_id INTEGER, purchase_order_id INTEGER, staff STRING, counterparty STRING, currency_code STRING, payment_amount DECIMAL, payment_date DATETIME, days_due INTEGER, overdue BOOLEAN, age STRING
WITH today AS (
    SELECT CAST(current_timestamp AT TIME ZONE 'UTC' AS date) AS today
), unpaid AS (
    SELECT f.payment_id,
           f.transaction_id,
           f.counterparty_id,
           f.currency_id,
           y.payment_type_name,
           f.payment_amount,
           f.payment_date,
           CAST(extract(day FROM (CAST(n.today AS timestamp) - CAST(f.payment_date AS timestamp))) AS integer) AS days_due
      FROM current_payment AS f
      JOIN dim_payment_type AS y ON y.payment_type_id = f.payment_type_id
     CROSS JOIN today AS n
     WHERE NOT f.paid
)
SELECT u.payment_id,
       u.payment_type_name,
       t.sales_order_id,
       t.purchase_order_id,
       e.first_name || ' ' || e.last_name || ' (' || CAST(e.staff_id AS varchar) || ')' AS staff,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       c.currency_code,
       CAST(u.payment_amount AS decimal(18,2)) AS payment_amount,
       u.payment_date,
       u.days_due,
       u.days_due > 0 AS overdue,
       CASE WHEN u.days_due <= 0 THEN '0 not due'
            WHEN u.days_due <= 30 THEN '1 to 30 days'
            WHEN u.days_due <= 60 THEN '31 to 60 days'
            WHEN u.days_due <= 90 THEN '61 to 90 days'
            ELSE '91 days or more'
       END AS age
  FROM unpaid AS u
  JOIN dim_transaction AS t ON t.transaction_id = u.transaction_id
  JOIN dim_counterparty AS p ON p.counterparty_id = u.counterparty_id
  JOIN dim_currency AS c ON c.currency_id = u.currency_id
  LEFT JOIN current_sales_order AS s ON s.sales_order_id = t.sales_order_id
  LEFT JOIN current_purchase_orders AS o ON o.purchase_order_id = t.purchase_order_id
  LEFT JOIN dim_staff AS e ON e.staff_id = coalesce(s.sales_staff_id, o.staff_id)
 ORDER BY u.days_due DESC, u.payment_id
