-- title: Revenue in pounds by month
-- description: What was sold, by the month in which the order was made, each order in pounds at its day's rate; orders without a rate are counted apart.
-- on: both
-- columns: year INTEGER, month INTEGER, orders INTEGER, orders_without_rate INTEGER, oldest_rate_days INTEGER, revenue_gbp DECIMAL
SELECT d.year,
       d.month,
       count(*) AS orders,
       count(*) - count(s.amount_gbp) AS orders_without_rate,
       max(s.rate_age_days) AS oldest_rate_days,
       CAST(sum(s.amount_gbp) AS decimal(38,2)) AS revenue_gbp
  FROM sales_order_gbp AS s
  JOIN dim_date AS d ON d.date_id = s.created_date
 GROUP BY d.year, d.month
 ORDER BY d.year, d.month
