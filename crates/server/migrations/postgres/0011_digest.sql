-- What a name and a token come to for HTTP Digest, for OpenRosa clients that are given no address with a token in it. Copies
-- are written table by table in the order of their names: this one comes after `session`.
CREATE TABLE session_secret (
    session BIGINT PRIMARY KEY REFERENCES session (id),
    md5 BYTEA NOT NULL,
    sha256 BYTEA NOT NULL
);
