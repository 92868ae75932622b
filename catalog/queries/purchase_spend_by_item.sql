-- title: Purchase spend by item
-- description: What was bought; orders, quantity, spend, lowest and highest price of a unit, by item and currency.
-- on: both
-- columns: item_code STRING, currency_code STRING, orders INTEGER, quantity INTEGER, spend DECIMAL, lowest_unit_price DECIMAL, highest_unit_price DECIMAL
SELECT p.item_code,
       c.currency_code,
       count(*) AS orders,
       CAST(sum(p.item_quantity) AS bigint) AS quantity,
       CAST(sum(p.item_quantity * p.item_unit_price) AS decimal(18,2)) AS spend,
       CAST(min(p.item_unit_price) AS decimal(18,2)) AS lowest_unit_price,
       CAST(max(p.item_unit_price) AS decimal(18,2)) AS highest_unit_price
  FROM current_purchase_orders AS p
  JOIN dim_currency AS c ON c.currency_id = p.currency_id
 GROUP BY p.item_code, c.currency_code
 ORDER BY spend DESC, p.item_code, c.currency_code
