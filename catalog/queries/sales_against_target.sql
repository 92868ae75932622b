-- title: Sales against targets
-- description: Every target of a month and department beside what was sold in its currency, by the department of who sold it.
-- on: both
-- columns: target_month DATETIME, department_name STRING, currency_code STRING, target_amount DECIMAL, revenue DECIMAL, beyond_target DECIMAL
WITH sold AS (
    SELECT d.year,
           d.month,
           p.department_name,
           c.currency_code,
           sum(s.units_sold * s.unit_price) AS revenue
      FROM current_sales_order AS s
      JOIN dim_date AS d ON d.date_id = s.created_date
      JOIN dim_staff AS p ON p.staff_id = s.sales_staff_id
      JOIN dim_currency AS c ON c.currency_id = s.currency_id
     GROUP BY d.year, d.month, p.department_name, c.currency_code
)
SELECT t.target_month,
       t.department_name,
       t.currency_code,
       CAST(t.target_amount AS decimal(18,2)) AS target_amount,
       CAST(coalesce(o.revenue, 0) AS decimal(18,2)) AS revenue,
       CAST(coalesce(o.revenue, 0) - t.target_amount AS decimal(18,2)) AS beyond_target
  FROM current_sales_target AS t
  LEFT JOIN sold AS o
    ON o.year = extract(year FROM t.target_month)
   AND o.month = extract(month FROM t.target_month)
   AND o.department_name = t.department_name
   AND o.currency_code = t.currency_code
 ORDER BY t.target_month, t.department_name, t.currency_code
