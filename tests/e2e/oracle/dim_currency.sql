SELECT currency_id, currency_code,
       CASE currency_code
            WHEN 'GBP' THEN 'Pound Sterling' WHEN 'USD' THEN 'US Dollar' WHEN 'EUR' THEN 'Euro'
            WHEN 'JPY' THEN 'Yen' WHEN 'CHF' THEN 'Swiss Franc' WHEN 'CAD' THEN 'Canadian Dollar'
            WHEN 'AUD' THEN 'Australian Dollar' WHEN 'SEK' THEN 'Swedish Krona' WHEN 'NOK' THEN 'Norwegian Krone'
            WHEN 'DKK' THEN 'Danish Krone' WHEN 'PLN' THEN 'Zloty'
       END
  FROM currency
