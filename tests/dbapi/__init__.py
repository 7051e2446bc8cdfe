"""DB-API 2.0 and what takes its connections."""
