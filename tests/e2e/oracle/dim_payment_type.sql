SELECT payment_type_id, payment_type_name::text FROM payment_type
