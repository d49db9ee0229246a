"""Where the audit is kept: a schema of its own, made by the administrator, to which the runtime can only add.

MariaDB has no rights that are taken away again below a schema, so the table cannot lie beside those that migrations
change.
"""

from typing import Final

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS `{schema}`.entries (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  tenant VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin,
  principal VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin,
  operation VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  what VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  about LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  INDEX of_tenant (tenant, id)
)"""
GIVEN: Final = ("tenant", "principal", "role", "source", "operation", "what", "about")
"""What whoever adds an entry says. Its number and its time are the server's."""


def audit_schema(control_schema: str) -> str:
    """The schema's name: none that a control schema or a tenant's can have, on which another account has all rights."""
    return f"audit_{control_schema}"


def statements(control_schema: str, account: str) -> list[str]:
    """What the administrator runs; again, nothing changes. `account`: as in a grant."""
    schema = audit_schema(control_schema)
    return [
        f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        _TABLE.format(schema=schema).strip(),
        f"GRANT SELECT, INSERT ({', '.join(GIVEN)}) ON `{schema}`.entries TO {account}",
    ]
