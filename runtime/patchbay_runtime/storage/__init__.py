"""MariaDB: connections, tables and the repositories over them."""
