"""An API of AWS in the protocol AWS JSON 1.1, served on one machine; it knows of no service but what it is given."""
