-- title: Days from order to payment
-- description: How long it takes from an order until its payment, of payments marked as paid, by the month of the order.
-- on: both
-- columns: transaction_type STRING, year INTEGER, month INTEGER, payments INTEGER, average_days DECIMAL, fewest_days INTEGER, most_days INTEGER
WITH orders AS (
    SELECT t.transaction_id, t.transaction_type, s.created_date AS ordered_on
      FROM dim_transaction AS t
      JOIN current_sales_order AS s ON s.sales_order_id = t.sales_order_id
    UNION ALL
    SELECT t.transaction_id, t.transaction_type, p.created_date
      FROM dim_transaction AS t
      JOIN current_purchase_orders AS p ON p.purchase_order_id = t.purchase_order_id
), lags AS (
    SELECT o.transaction_type,
           o.ordered_on,
           CAST(extract(day FROM (CAST(f.payment_date AS timestamp) - CAST(o.ordered_on AS timestamp))) AS integer) AS days
      FROM orders AS o
      JOIN current_payment AS f ON f.transaction_id = o.transaction_id
     WHERE f.paid
)
SELECT l.transaction_type,
       d.year,
       d.month,
       count(*) AS payments,
       CAST(avg(CAST(l.days AS decimal(18,4))) AS decimal(10,2)) AS average_days,
       min(l.days) AS fewest_days,
       max(l.days) AS most_days
  FROM lags AS l
  JOIN dim_date AS d ON d.date_id = l.ordered_on
 GROUP BY l.transaction_type, d.year, d.month
 ORDER BY l.transaction_type, d.year, d.month
