CREATE DATABASE IF NOT EXISTS patchbay CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS patchbay@'%';
EXECUTE IMMEDIATE CONCAT('ALTER USER patchbay@''%'' IDENTIFIED BY ', QUOTE(LOAD_FILE('/run/secrets/mariadb/password')));
GRANT ALL PRIVILEGES ON `patchbay`.* TO patchbay@'%';
GRANT ALL PRIVILEGES ON `tenant\_%`.* TO patchbay@'%';
-- Only this file acts as the administrator.
ALTER USER root@localhost ACCOUNT LOCK;
