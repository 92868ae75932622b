"""The types of fields in a DynamicFrame. A choice is a field that has values of several types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class DataType:
    """A type, with properties that nobody but the script reads. Two types are equal when their JSON is."""

    word = "unknown"

    def __init__(self, properties: Mapping[str, Any] | None = None) -> None:
        self.properties = dict(properties or {})

    @classmethod
    def typeName(cls) -> str:  # noqa: N802 - the name is AWS's
        """The type's word, as in `long`."""
        return cls.word

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {"dataType": self.typeName(), "properties": self.properties}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash(self.typeName())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.properties or ''})"


class AtomicType(DataType):
    """A type without parts."""

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> AtomicType:  # noqa: N802 - the name is AWS's
        """The type that `jsonValue` wrote."""
        return cls(json_value.get("properties"))


class BinaryType(AtomicType):
    """Bytes."""

    word = "binary"


class BooleanType(AtomicType):
    """True or false."""

    word = "boolean"


class ByteType(AtomicType):
    """An integer of 8 bits."""

    word = "byte"


class ShortType(AtomicType):
    """An integer of 16 bits."""

    word = "short"


class IntegerType(AtomicType):
    """An integer of 32 bits."""

    word = "int"


class LongType(AtomicType):
    """An integer of 64 bits."""

    word = "long"


class FloatType(AtomicType):
    """A floating-point number of 32 bits."""

    word = "float"


class DoubleType(AtomicType):
    """A floating-point number of 64 bits."""

    word = "double"


class StringType(AtomicType):
    """Text."""

    word = "string"


class DateType(AtomicType):
    """A day."""

    word = "date"


class TimestampType(AtomicType):
    """A moment."""

    word = "timestamp"


class NullType(AtomicType):
    """The type of a field that is null in every record."""

    word = "null"


class UnknownType(AtomicType):
    """A type that is not known."""


class DecimalType(AtomicType):
    """A decimal number of so many digits, `scale` of them after the point."""

    word = "decimal"

    def __init__(self, precision: int = 10, scale: int = 2, properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.precision, self.scale = int(precision), int(scale)

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> DecimalType:  # noqa: N802 - the name is AWS's
        """The type that `jsonValue` wrote."""
        return cls(json_value["precision"], json_value["scale"], json_value.get("properties"))

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "precision": self.precision, "scale": self.scale}


class EnumType(AtomicType):
    """One of a list of words."""

    word = "enum"

    def __init__(self, options: Sequence[str], properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.options = list(options)

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> EnumType:  # noqa: N802 - the name is AWS's
        """The type that `jsonValue` wrote."""
        return cls(json_value["options"], json_value.get("properties"))

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "options": self.options}


class ArrayType(DataType):
    """A list of values of one type."""

    word = "array"

    def __init__(self, elementType: DataType | None = None, properties: Mapping[str, Any] | None = None) -> None:  # noqa: N803 - the name is AWS's
        super().__init__(properties)
        self.elementType = elementType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "elementType": self.elementType.jsonValue()}


class SetType(ArrayType):
    """An array without duplicates."""

    word = "set"


class MapType(DataType):
    """Values of one type by text, or by keys of another type."""

    word = "map"

    def __init__(
        self,
        valueType: DataType | None = None,  # noqa: N803 - the name is AWS's
        properties: Mapping[str, Any] | None = None,
        keyType: DataType | None = None,  # noqa: N803
    ) -> None:
        super().__init__(properties)
        self.valueType, self.keyType = valueType or UnknownType(), keyType or StringType()

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "valueType": self.valueType.jsonValue(), "keyType": self.keyType.jsonValue()}


class ChoiceType(DataType):
    """Values of several types."""

    word = "choice"

    def __init__(self, choices: Sequence[DataType] = (), properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.choices: dict[str, DataType] = {}
        self.merge(choices)

    def add(self, new_choice: DataType) -> None:
        """Add a type. Raises ValueError when one of its word is there."""
        word = new_choice.typeName()
        if word in self.choices:
            raise ValueError(f"the choice has a type {word} already")
        self.choices[word] = new_choice

    def merge(self, new_choices: DataType | Sequence[DataType]) -> None:
        """Add those types that are not there."""
        for one in [new_choices] if isinstance(new_choices, DataType) else new_choices:
            for each in one.choices.values() if isinstance(one, ChoiceType) else [one]:
                self.choices.setdefault(each.typeName(), each)

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "choices": [one.jsonValue() for one in self.choices.values()]}


class Field:
    """A field of a struct."""

    def __init__(
        self,
        name: str,
        dataType: DataType,  # noqa: N803 - the name is AWS's
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.dataType, self.properties = name, dataType, dict(properties or {})

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The field as JSON."""
        return {"name": self.name, "container": self.dataType.jsonValue(), "properties": self.properties}

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.dataType!r})"


class StructType(DataType):
    """Fields with names, in order."""

    word = "struct"

    def __init__(self, fields: Sequence[Field] = (), properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.fields: list[Field] = []
        for one in fields:
            self.add(one)

    @property
    def field_map(self) -> dict[str, Field]:
        """The fields by name."""
        return {one.name: one for one in self.fields}

    def add(self, field: Field) -> StructType:
        """Add a field at the end. Raises ValueError when one of its name is there."""
        if self.hasField(field):
            raise ValueError(f"the struct has a field {field.name} already")
        self.fields.append(field)
        return self

    def hasField(self, field: str | Field) -> bool:  # noqa: N802 - the name is AWS's
        """Whether a field of this name is there."""
        return _name(field) in self.field_map

    def getField(self, field: str | Field) -> Field | None:  # noqa: N802 - the name is AWS's
        """The field of this name; None when there is none."""
        return self.field_map.get(_name(field))

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def jsonValue(self) -> dict[str, Any]:  # noqa: N802 - the name is AWS's
        """The type as JSON."""
        return {**super().jsonValue(), "fields": [one.jsonValue() for one in self.fields]}


def _name(field: str | Field) -> str:
    return field if isinstance(field, str) else field.name
