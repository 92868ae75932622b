"""The tables that `statements.txt` reads: a few rows with fixed contents, written as relations of VALUES."""

from __future__ import annotations

_SALES = (
    "(VALUES (1, 'GBP', 10, decimal '19.99', decimal '0.1250', date '2024-01-05', timestamp '2024-01-05 09:30:00.000', "
    "'first', array['new', 'web']), "
    "(2, 'USD', 7, decimal '5.00', decimal '0.3333', date '2024-01-06', timestamp '2024-01-06 23:59:59.999', "
    "NULL, array['web']), "
    "(3, 'GBP', 3, decimal '120.05', decimal '1.0000', date '2024-02-29', timestamp '2024-02-29 12:00:00.500', "
    "'big', array[]), "
    "(4, 'EUR', 7, decimal '0.01', decimal '0.0001', date '2024-03-31', timestamp '2024-03-31 01:30:00.000', "
    "NULL, NULL)) "
    "AS s(id, currency, units, price, rate, day, at, note, tags)"
)
_CURRENCIES = "(VALUES ('EUR', 'Euro'), ('GBP', 'Pound'), ('JPY', 'Yen'), ('USD', 'Dollar')) AS c(code, name)"
TABLES = {"{sales}": _SALES, "{currencies}": _CURRENCIES}


def statements(text: str) -> list[tuple[str, str]]:
    """The statements of the list as they are asked, each with its family."""
    family, found = "", []
    for line in text.splitlines():
        if line.startswith("# "):
            family = line[2:]
        elif line:
            for name, relation in TABLES.items():
                line = line.replace(name, relation)
            found.append((family, line))
    return found
