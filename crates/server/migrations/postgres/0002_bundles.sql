-- What phones seal to: the public keys of the organisation. The private ones are files beside the server. The newest is in force.
CREATE TABLE organisation_key (
    id BYTEA PRIMARY KEY,                -- SHA-256 of the public key
    public_key BYTEA NOT NULL,
    added_ms BIGINT NOT NULL
);

-- What devices sign with, and the account that was signed in when they said so.
CREATE TABLE device_key (
    device BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    account TEXT NOT NULL REFERENCES account (name),
    added_ms BIGINT NOT NULL,
    PRIMARY KEY (device, public_key)
);

-- Bundles that were taken, and what their carriers were told.
CREATE TABLE bundle (
    hash BYTEA PRIMARY KEY,
    received_ms BIGINT NOT NULL,
    receipt TEXT NOT NULL                -- JSON
);
