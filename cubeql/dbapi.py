"""DB-API 2.0 on a store, embedded or served."""
