"""The version of CubeQL, for the rooms that write it into what they make."""

VERSION = "0.1.0"
