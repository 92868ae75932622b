-- title: Cohorts of counterparties
-- description: Counterparties by the month of their first order, how many of them ordered in each month after it, and for how many pounds.
-- on: both
-- columns: first_month DATETIME, counterparties INTEGER, months_after INTEGER, buyers INTEGER, retention_percent DECIMAL, orders INTEGER, orders_without_rate INTEGER, revenue_gbp DECIMAL
WITH sales AS (
    SELECT s.counterparty_id, s.created_date, d.year, d.month, s.amount_gbp
      FROM sales_order_gbp AS s
      JOIN dim_date AS d ON d.date_id = s.created_date
), beginnings AS (
    SELECT counterparty_id, min(created_date) AS first_day
      FROM sales
     GROUP BY counterparty_id
), firsts AS (
    SELECT b.counterparty_id, m.date_id AS first_month, m.year, m.month
      FROM beginnings AS b
      JOIN dim_date AS d ON d.date_id = b.first_day
      JOIN dim_date AS m ON m.year = d.year AND m.month = d.month AND m.day = 1
), sizes AS (
    SELECT first_month, count(*) AS counterparties
      FROM firsts
     GROUP BY first_month
), bought AS (
    SELECT f.first_month,
           (s.year - f.year) * 12 + s.month - f.month AS months_after,
           s.counterparty_id,
           s.amount_gbp
      FROM sales AS s
      JOIN firsts AS f ON f.counterparty_id = s.counterparty_id
), months AS (
    SELECT first_month,
           months_after,
           count(DISTINCT counterparty_id) AS buyers,
           count(*) AS orders,
           count(*) - count(amount_gbp) AS orders_without_rate,
           sum(amount_gbp) AS revenue_gbp
      FROM bought
     GROUP BY first_month, months_after
)
SELECT m.first_month,
       z.counterparties,
       m.months_after,
       m.buyers,
       CAST(CAST(m.buyers AS decimal(18,8)) * 100 / z.counterparties AS decimal(5,1)) AS retention_percent,
       m.orders,
       m.orders_without_rate,
       CAST(m.revenue_gbp AS decimal(38,2)) AS revenue_gbp
  FROM months AS m
  JOIN sizes AS z ON z.first_month = m.first_month
 ORDER BY m.first_month, m.months_after
