"""The database: driver, migrations, leases, and the outbox of notifications."""
