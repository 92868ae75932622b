"""The structure of Pagila, PostgreSQL's public sample of a film rental, as its documentation has it, with some rows.

Its triggers and most of its views are left out. A table of letters, with a uuid and a type of no engine but PostgreSQL,
is beside it.
"""

STRUCTURE = (
    "CREATE TYPE mpaa_rating AS ENUM ('G', 'PG', 'PG-13', 'R', 'NC-17')",
    "CREATE DOMAIN year AS integer CONSTRAINT year_check CHECK (VALUE >= 1901 AND VALUE <= 2155)",
    "CREATE DOMAIN bpchar_code AS bpchar",
    """CREATE TABLE language (language_id serial PRIMARY KEY, name character(20) NOT NULL,
       last_update timestamp with time zone NOT NULL DEFAULT now())""",
    """CREATE TABLE country (country_id serial PRIMARY KEY, country text NOT NULL,
       last_update timestamp with time zone NOT NULL DEFAULT now())""",
    """CREATE TABLE city (city_id serial PRIMARY KEY, city text NOT NULL,
       country_id integer NOT NULL REFERENCES country,
       last_update timestamp with time zone NOT NULL DEFAULT now())""",
    """CREATE TABLE address (address_id serial PRIMARY KEY, address text NOT NULL, address2 text,
       district text NOT NULL, city_id integer NOT NULL REFERENCES city, postal_code text, phone text NOT NULL,
       last_update timestamp with time zone NOT NULL DEFAULT now())""",
    """CREATE TABLE actor (actor_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL,
       last_update timestamp with time zone NOT NULL DEFAULT now())""",
    """CREATE TABLE film (film_id serial PRIMARY KEY, title text NOT NULL, description text, release_year year,
       language_id integer NOT NULL REFERENCES language, original_language_id integer REFERENCES language,
       rental_duration smallint NOT NULL DEFAULT 3, rental_rate numeric(4,2) NOT NULL DEFAULT 4.99, length smallint,
       replacement_cost numeric(5,2) NOT NULL DEFAULT 19.99, rating mpaa_rating DEFAULT 'G'::mpaa_rating,
       last_update timestamp with time zone NOT NULL DEFAULT now(), special_features text[], fulltext tsvector NOT NULL,
       revenue_projection numeric(5,2) GENERATED ALWAYS AS (rental_duration * rental_rate) STORED)""",
    """CREATE TABLE film_actor (actor_id integer NOT NULL REFERENCES actor, film_id integer NOT NULL REFERENCES film,
       last_update timestamp with time zone NOT NULL DEFAULT now(), PRIMARY KEY (actor_id, film_id))""",
    "CREATE TABLE store (store_id serial PRIMARY KEY, manager_staff_id integer NOT NULL, code bpchar_code)",
    """CREATE TABLE staff (staff_id serial PRIMARY KEY, first_name text NOT NULL, email text,
       store_id integer NOT NULL REFERENCES store, active boolean NOT NULL DEFAULT true, picture bytea)""",
    "ALTER TABLE store ADD FOREIGN KEY (manager_staff_id) REFERENCES staff DEFERRABLE INITIALLY DEFERRED",
    """CREATE TABLE customer (customer_id serial PRIMARY KEY, store_id integer NOT NULL REFERENCES store,
       first_name text NOT NULL, address_id integer NOT NULL REFERENCES address,
       create_date date NOT NULL DEFAULT CURRENT_DATE)""",
    """CREATE TABLE rental (rental_id serial PRIMARY KEY, rental_period tstzrange NOT NULL,
       customer_id integer NOT NULL REFERENCES customer)""",
    """CREATE TABLE payment (payment_id serial, customer_id integer NOT NULL, rental_id integer NOT NULL,
       amount numeric(5,2) NOT NULL, payment_date timestamp with time zone NOT NULL,
       PRIMARY KEY (payment_date, payment_id)) PARTITION BY RANGE (payment_date)""",
    """CREATE TABLE payment_p2022_01 PARTITION OF payment FOR VALUES FROM ('2022-01-01+00') TO ('2022-02-01+00')""",
    """CREATE TABLE payment_p2022_02 PARTITION OF payment FOR VALUES FROM ('2022-02-01+00') TO ('2022-03-01+00')""",
    """CREATE TABLE letter (letter_id uuid PRIMARY KEY, sent inet, details jsonb)""",
    "CREATE VIEW actor_info AS SELECT actor_id, first_name FROM actor",
    "CREATE MATERIALIZED VIEW rental_by_category AS SELECT count(*) AS total FROM rental",
    "COMMENT ON TABLE film IS 'A film that is rented out.'",
    "COMMENT ON COLUMN film.special_features IS 'Trailers: \"deleted scenes\", and more.'",
)
TABLES = {
    "actor", "address", "city", "country", "customer", "film", "film_actor", "language", "letter", "payment", "rental",
    "staff", "store",
}  # fmt: skip
ROWS = (
    "INSERT INTO language (name) VALUES ('English'), ('Français')",
    "INSERT INTO country (country) VALUES ('Österreich')",
    "INSERT INTO city (city, country_id) VALUES ('Linz', 1)",
    "INSERT INTO address (address, district, city_id, phone) VALUES ('47 MySakila Drive', '', 1, '')",
    "INSERT INTO actor (first_name, last_name) SELECT 'PENELOPE', 'GUINESS ' || i FROM generate_series(1, 50) AS i",
    """INSERT INTO film (title, release_year, language_id, rating, special_features, fulltext)
       SELECT 'ACADEMY DINOSAUR ' || i, 2006, 1, CASE WHEN i % 2 = 0 THEN 'NC-17'::mpaa_rating END,
              CASE WHEN i % 3 > 0 THEN ARRAY['Deleted Scenes', NULL, 'a "b", c'] END,
              to_tsvector('english', 'An epic drama of a dinosaur ' || i) FROM generate_series(1, 30) AS i""",
    "INSERT INTO film_actor (actor_id, film_id) SELECT a, f FROM generate_series(1, 20) a, generate_series(1, 10) f",
    r"""WITH made AS (INSERT INTO store (manager_staff_id, code) VALUES (1, 'x ') RETURNING store_id)
        INSERT INTO staff (first_name, store_id, picture) SELECT 'Mike', store_id, '\x89504e470d0a5a0a' FROM made""",
    "INSERT INTO customer (store_id, first_name, address_id) VALUES (1, 'MARY', 1)",
    "INSERT INTO rental (rental_period, customer_id) VALUES ('[2022-01-05 22:53:30+02,)', 1)",
    """INSERT INTO payment (customer_id, rental_id, amount, payment_date)
       SELECT 1, 1, 2.99, '2022-01-15 12:00+00'::timestamptz + i * interval '1 day' FROM generate_series(0, 40) AS i""",
    """INSERT INTO letter SELECT md5(i::text)::uuid, '10.0.0.1/8', '{"a": 1.10, "b": [null]}'
       FROM generate_series(1, 20) AS i""",
)
CHANGES = (
    "UPDATE film SET special_features = '{}', rating = 'R' WHERE film_id = 3",
    "DELETE FROM film_actor WHERE film_id = 4 AND actor_id < 3",
    "UPDATE payment SET payment_date = payment_date + interval '30 days' WHERE payment_id = 2",
    "UPDATE letter SET details = details || '{\"c\": true}' WHERE letter_id = md5('5')::uuid",
    "INSERT INTO language (name) VALUES ('Deutsch')",
)
