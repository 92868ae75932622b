-- title: Revenue by month and currency
-- description: What was sold, by the month in which the order was made; amounts of different currencies are never added up.
-- on: both
-- columns: year INTEGER, month INTEGER, currency_code STRING, orders INTEGER, units_sold INTEGER, revenue DECIMAL
SELECT d.year,
       d.month,
       c.currency_code,
       count(*) AS orders,
       CAST(sum(s.units_sold) AS bigint) AS units_sold,
       CAST(sum(s.units_sold * s.unit_price) AS decimal(18,2)) AS revenue
  FROM current_sales_order AS s
  JOIN dim_date AS d ON d.date_id = s.created_date
  JOIN dim_currency AS c ON c.currency_id = s.currency_id
 GROUP BY d.year, d.month, c.currency_code
 ORDER BY d.year, d.month, c.currency_code
