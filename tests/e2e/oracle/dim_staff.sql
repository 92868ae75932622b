SELECT s.staff_id, s.first_name, s.last_name, d.department_name, coalesce(d.location, 'Unknown'), s.email_address
  FROM staff s JOIN department d ON d.department_id = s.department_id
