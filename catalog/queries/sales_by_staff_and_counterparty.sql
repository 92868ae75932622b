-- title: Sales by staff and counterparty
-- description: Who sells and who buys; orders, units and revenue of each member of staff and of each counterparty, by currency.
-- on: both
-- columns: side STRING, id INTEGER, name STRING, belongs_to STRING, currency_code STRING, orders INTEGER, units_sold INTEGER, revenue DECIMAL
WITH sales AS (
    SELECT s.sales_staff_id, s.counterparty_id, c.currency_code, s.units_sold, s.units_sold * s.unit_price AS amount
      FROM current_sales_order AS s
      JOIN dim_currency AS c ON c.currency_id = s.currency_id
), sides AS (
    SELECT 'staff' AS side,
           e.staff_id AS id,
           e.first_name || ' ' || e.last_name AS name,
           e.department_name AS belongs_to,
           s.currency_code,
           s.units_sold,
           s.amount
      FROM sales AS s
      JOIN dim_staff AS e ON e.staff_id = s.sales_staff_id
    UNION ALL
    SELECT 'counterparty',
           p.counterparty_id,
           p.counterparty_legal_name,
           p.counterparty_legal_country,
           s.currency_code,
           s.units_sold,
           s.amount
      FROM sales AS s
      JOIN dim_counterparty AS p ON p.counterparty_id = s.counterparty_id
)
SELECT side,
       id,
       name,
       belongs_to,
       currency_code,
       count(*) AS orders,
       CAST(sum(units_sold) AS bigint) AS units_sold,
       CAST(sum(amount) AS decimal(18,2)) AS revenue
  FROM sides
 GROUP BY side, id, name, belongs_to, currency_code
 ORDER BY side, currency_code, revenue DESC, id
