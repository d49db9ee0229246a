CREATE DATABASE IF NOT EXISTS patchbay CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS patchbay@'%';
EXECUTE IMMEDIATE CONCAT('ALTER USER patchbay@''%'' IDENTIFIED BY ', QUOTE(LOAD_FILE('/run/secrets/mariadb/password')));
GRANT ALL PRIVILEGES ON `patchbay`.* TO patchbay@'%';
GRANT ALL PRIVILEGES ON `tenant\_%`.* TO patchbay@'%';
-- The audit: to be added to and read, and no more. As the runtime's own command makes it in a managed database.
CREATE DATABASE IF NOT EXISTS audit_patchbay CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS audit_patchbay.entries ( id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), tenant VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin, principal VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, source VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin, operation VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, what VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, about LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, INDEX of_tenant (tenant, id) );
GRANT SELECT, INSERT (tenant, principal, role, source, operation, what, about) ON audit_patchbay.entries TO patchbay@'%';
-- Only this file acts as the administrator.
ALTER USER root@localhost ACCOUNT LOCK;
