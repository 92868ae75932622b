SELECT c.counterparty_id, c.counterparty_legal_name, a.address_line_1, a.address_line_2, a.district, a.city,
       a.postal_code, a.country, a.phone
  FROM counterparty c JOIN address a ON a.address_id = c.legal_address_id
