WITH used (day) AS (
    SELECT unnest(ARRAY[created_at::date, last_updated::date, agreed_payment_date::date, agreed_delivery_date::date])
      FROM sales_order
    UNION ALL
    SELECT unnest(ARRAY[created_at::date, last_updated::date, agreed_payment_date::date, agreed_delivery_date::date])
      FROM purchase_order
    UNION ALL
    SELECT unnest(ARRAY[created_at::date, last_updated::date, payment_date::date]) FROM payment
), covered (day) AS (
    SELECT generate_series(make_date(extract(year FROM min(day))::int - 1, 1, 1)::timestamp,
                           make_date(extract(year FROM max(day))::int + 1, 12, 31)::timestamp, interval '1 day')
      FROM used
)
SELECT day::date, extract(year FROM day)::int, extract(month FROM day)::int, extract(day FROM day)::int,
       extract(isodow FROM day)::int, to_char(day, 'FMDay'), to_char(day, 'FMMonth'), extract(quarter FROM day)::int
  FROM covered
