-- title: Sales orders
-- description: Every sales order as it is now, with who sold what to whom, for how much, and what that is in pounds at its day's rate.
-- on: both
-- columns: sales_order_id INTEGER, ordered_on DATETIME, staff STRING, department_name STRING, counterparty STRING, country STRING, design STRING, currency_code STRING, units_sold INTEGER, unit_price DECIMAL, revenue DECIMAL, revenue_gbp DECIMAL
SELECT s.sales_order_id,
       s.created_date AS ordered_on,
       e.first_name || ' ' || e.last_name || ' (' || CAST(e.staff_id AS varchar) || ')' AS staff,
       e.department_name,
       p.counterparty_legal_name || ' (' || CAST(p.counterparty_id AS varchar) || ')' AS counterparty,
       p.counterparty_legal_country AS country,
       g.design_name || ' (' || CAST(g.design_id AS varchar) || ')' AS design,
       s.currency_code,
       s.units_sold,
       CAST(s.unit_price AS decimal(18,2)) AS unit_price,
       CAST(s.units_sold * s.unit_price AS decimal(18,2)) AS revenue,
       CAST(s.amount_gbp AS decimal(38,2)) AS revenue_gbp
  FROM sales_order_gbp AS s
  JOIN dim_staff AS e ON e.staff_id = s.sales_staff_id
  JOIN dim_counterparty AS p ON p.counterparty_id = s.counterparty_id
  JOIN dim_design AS g ON g.design_id = s.design_id
 ORDER BY s.sales_order_id
