"""One machine, nothing installed: private PostgreSQL and Valkey under var/, and every process of the platform."""
