"""The version of CubeQL: what a report of a fault has to name, and what it writes into what it makes."""

VERSION = "0.1.0"
