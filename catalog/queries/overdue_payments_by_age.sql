-- title: Overdue payments by age
-- description: What is overdue, by type, currency and age; amounts of different currencies are never added up.
-- on: both
-- columns: payment_type_name STRING, currency_code STRING, age STRING, payments INTEGER, amount DECIMAL, most_days INTEGER
WITH today AS (
    SELECT CAST(current_timestamp AT TIME ZONE 'UTC' AS date) AS today
), unpaid AS (
    SELECT y.payment_type_name,
           c.currency_code,
           f.payment_amount,
           CAST(extract(day FROM (CAST(n.today AS timestamp) - CAST(f.payment_date AS timestamp))) AS integer) AS days_due
      FROM current_payment AS f
      JOIN dim_payment_type AS y ON y.payment_type_id = f.payment_type_id
      JOIN dim_currency AS c ON c.currency_id = f.currency_id
     CROSS JOIN today AS n
     WHERE NOT f.paid
), overdue AS (
    SELECT payment_type_name,
           currency_code,
           payment_amount,
           days_due,
           CASE WHEN days_due <= 30 THEN '1 to 30 days'
                WHEN days_due <= 60 THEN '31 to 60 days'
                WHEN days_due <= 90 THEN '61 to 90 days'
                ELSE '91 days or more'
           END AS age
      FROM unpaid
     WHERE days_due > 0
)
SELECT payment_type_name,
       currency_code,
       age,
       count(*) AS payments,
       CAST(sum(payment_amount) AS decimal(18,2)) AS amount,
       max(days_due) AS most_days
  FROM overdue
 GROUP BY payment_type_name, currency_code, age
 ORDER BY payment_type_name, currency_code, age
