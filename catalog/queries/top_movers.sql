-- title: Top movers
-- description: The ten counterparties in each currency whose revenue of the 30 days up to the newest order differs most from the 30 days before.
-- on: both
-- columns: currency_code STRING, place INTEGER, counterparty STRING, country STRING, revenue_before DECIMAL, revenue DECIMAL, change DECIMAL
WITH newest AS (
    SELECT max(created_date) AS day
      FROM current_sales_order
), sales AS (
    SELECT s.counterparty_id,
           c.currency_code,
           CASE WHEN s.created_date > n.day - INTERVAL '30' DAY THEN s.units_sold * s.unit_price ELSE 0 END AS recent,
           CASE WHEN s.created_date > n.day - INTERVAL '30' DAY THEN 0 ELSE s.units_sold * s.unit_price END AS former
      FROM current_sales_order AS s
      JOIN dim_currency AS c ON c.currency_id = s.currency_id
     CROSS JOIN newest AS n
     WHERE s.created_date > n.day - INTERVAL '60' DAY
), sums AS (
    SELECT counterparty_id, currency_code, sum(former) AS revenue_before, sum(recent) AS revenue
      FROM sales
     GROUP BY counterparty_id, currency_code
), ranked AS (
    SELECT counterparty_id,
           currency_code,
           revenue_before,
           revenue,
           row_number() OVER (
               PARTITION BY currency_code ORDER BY abs(revenue - revenue_before) DESC, counterparty_id
           ) AS place
      FROM sums
)
SELECT r.currency_code,
       r.place,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       p.counterparty_legal_country AS country,
       CAST(r.revenue_before AS decimal(18,2)) AS revenue_before,
       CAST(r.revenue AS decimal(18,2)) AS revenue,
       CAST(r.revenue - r.revenue_before AS decimal(18,2)) AS change
  FROM ranked AS r
  JOIN dim_counterparty AS p ON p.counterparty_id = r.counterparty_id
 WHERE r.place <= 10
 ORDER BY r.currency_code, r.place
