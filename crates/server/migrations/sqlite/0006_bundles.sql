-- What phones seal to: the public keys of the organisation. The private ones are files beside the database. The newest is in force.
CREATE TABLE organisation_key (
    id BLOB PRIMARY KEY,                 -- SHA-256 of the public key
    public_key BLOB NOT NULL,
    added_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What devices sign with, and the account that was signed in when they said so.
CREATE TABLE device_key (
    device BLOB NOT NULL,
    public_key BLOB NOT NULL,
    account TEXT NOT NULL REFERENCES account (name),
    added_ms INTEGER NOT NULL,
    PRIMARY KEY (device, public_key)
) STRICT, WITHOUT ROWID;

-- Bundles that were taken, and what their carriers were told.
CREATE TABLE bundle (
    hash BLOB PRIMARY KEY,
    received_ms INTEGER NOT NULL,
    receipt TEXT NOT NULL                -- JSON
) STRICT, WITHOUT ROWID;
