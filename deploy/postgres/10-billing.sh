#!/bin/sh
# Run once, when the volume is empty: the platform's role is no superuser, so that it can't bypass the triggers.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username postgres <<'SQL'
CREATE ROLE billing LOGIN PASSWORD :'password';
CREATE DATABASE billing OWNER billing;
SQL
