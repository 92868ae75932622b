-- title: Top designs
-- description: The twenty designs of which most units were sold in each currency, with their revenue.
-- on: both
-- columns: currency_code STRING, place INTEGER, design_id INTEGER, design_name STRING, units_sold INTEGER, revenue DECIMAL
WITH sales AS (
    SELECT g.design_id,
           g.design_name,
           c.currency_code,
           CAST(sum(s.units_sold) AS bigint) AS units_sold,
           CAST(sum(s.units_sold * s.unit_price) AS decimal(18,2)) AS revenue
      FROM current_sales_order AS s
      JOIN dim_design AS g ON g.design_id = s.design_id
      JOIN dim_currency AS c ON c.currency_id = s.currency_id
     GROUP BY g.design_id, g.design_name, c.currency_code
), ranked AS (
    SELECT design_id,
           design_name,
           currency_code,
           units_sold,
           revenue,
           row_number() OVER (PARTITION BY currency_code ORDER BY units_sold DESC, design_id) AS place
      FROM sales
)
SELECT currency_code, place, design_id, design_name, units_sold, revenue
  FROM ranked
 WHERE place <= 20
 ORDER BY currency_code, place
