SELECT sales_order_id, created_at::date, created_at::time, last_updated::date, last_updated::time, staff_id,
       counterparty_id, units_sold, unit_price, currency_id, design_id, agreed_payment_date::date,
       agreed_delivery_date::date, agreed_delivery_location_id
  FROM sales_order
