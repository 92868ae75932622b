"""The tables that hardly grow: addresses, counterparties, departments, staff, currencies, payment types."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

Row = tuple[object, ...]
DEPARTMENTS = (
    ("Sales", "Manchester", "Richard Roma"), ("Purchasing", "Manchester", "Naomi Lapaglia"),
    ("Production", "Leeds", "Chester Ming"), ("Dispatch", "Leds", "Mark Hanna"),
    ("Finance", "Manchester", "Jordan Belfort"), ("Facilities", "Manchester", "Shelley Levene"),
    ("Communications", "Leeds", "Ann Blake"), ("HR", None, "James Link"),
)  # fmt: skip
CURRENCIES = ("GBP", "USD", "EUR")
PAYMENT_TYPES = ("SALES_RECEIPT", "SALES_REFUND", "PURCHASE_PAYMENT", "PURCHASE_REFUND")
FIRST = ("Jeremie", "Deron", "Jeanette", "Ana", "Magdalena", "Korey", "Raphael", "Oswaldo", "Brody", "Jazmyn", "Meda",
         "Imani", "Stan", "Gerda", "Dax", "Ressie", "Ozella", "Lucienne")  # fmt: skip
LAST = ("Franey", "Beier", "Erdman", "Glover", "Zieme", "Kreiger", "Rippin", "Bergstrom", "Ratke", "Kuhn", "Cremin",
        "O'Keefe", "Luettgen", "Wolf", "Trantow", "Schroeder", "Padberg", "D'Amore")  # fmt: skip
STREETS = ("Herzog Via", "Alexie Cliffs", "Sincere Fort", "Wyman Knolls", "Heaney Row", "O'Connell Run", "Kling Mews")
CITIES = ("New Patienceburgh", "Aliso Viejo", "Lake Charles", "Olsonside", "Kirlinfort", "St. Mary's", "Beaverton")
COUNTRIES = ("Turkey", "San Marino", "Samoa", "Moldova", "Bolivia (Plurinational State of)", "Iceland", "Macao")
FORMS = ("{} and Sons", "{} Inc", "{}, {} and {}", "{} & {}", "{} Group", "{} - {}", "{} LLC")


class People:
    """Makes rows, the same for the same random numbers."""

    def __init__(self, dice: random.Random, start: datetime) -> None:
        self._dice, self._start = dice, start

    def address(self) -> Row:
        """Columns after the key: line 1 to phone."""
        dice = self._dice
        postal = f"{dice.randrange(100_000):05d}" + (f"-{dice.randrange(10_000):04d}" if dice.random() < 0.5 else "")
        return (
            f"{dice.randrange(10, 9999)} {dice.choice(STREETS)}",
            f"Suite {dice.randrange(100, 999)}" if dice.random() < 0.3 else None,
            dice.choice(("Avon", "Bedfordshire", "Borders", "Cambridgeshire")) if dice.random() < 0.6 else None,
            dice.choice(CITIES),
            postal,
            dice.choice(COUNTRIES),
            f"{dice.randrange(10_000):04d} {dice.randrange(1_000_000):06d}",
        )

    def counterparty(self, addresses: int) -> Row:
        """Columns after the key: legal name to delivery contact."""
        form = self._dice.choice(FORMS)
        name = form.format(*[self._dice.choice(LAST) for _ in range(form.count("{}"))])
        contacts = [f"{self._dice.choice(FIRST)} {self._dice.choice(LAST)}" for _ in range(2)]
        return (name, self._dice.randint(1, addresses), *contacts)

    def staff(self) -> Row:
        """Columns after the key: names, department, e-mail address."""
        first, last = self._dice.choice(FIRST), self._dice.choice(LAST)
        email = f"{first}.{last}@terrifictotes.com".lower().replace("'", "")
        return (first, last, self._dice.randint(1, len(DEPARTMENTS)), email)

    def everything(self) -> dict[str, list[Row]]:
        """All rows of these tables, keys first and the two times last."""
        later = self._start + timedelta(milliseconds=1601)
        early, late = (self._start, self._start), (later, later)
        return {
            "address": [(key, *self.address(), *early) for key in range(1, 31)],
            "counterparty": [(key, *self.counterparty(30), *late) for key in range(1, 21)],
            "department": [(key, *row, *early) for key, row in enumerate(DEPARTMENTS, 1)],
            "staff": [(key, *self.staff(), *late) for key in range(1, 21)],
            "currency": [(key, code, *early) for key, code in enumerate(CURRENCIES, 1)],
            "payment_type": [(key, name, *early) for key, name in enumerate(PAYMENT_TYPES, 1)],
        }
