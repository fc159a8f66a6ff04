"""Backups: the database and the stored files as of one moment, and a manifest by which a restore is proven.

<directory>/files/ab/abcd…                 each stored file once, under its SHA-256, for all backups
<directory>/2026-11-26T211600Z/            one backup
    database.dump                          pg_dump, custom format
    files.jsonl                            name, size and SHA-256 of each stored file
    manifest.json                          versions, hashes, numbers of each table, the last daily statement
"""
