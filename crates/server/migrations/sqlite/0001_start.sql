-- Times are milliseconds since 1970-01-01 UTC. Ids and hashes are bytes. Never edited once released: add a file.

-- One row: what the whole server counts by.
CREATE TABLE server (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,              -- a new one after a restore from backup
    rv INTEGER NOT NULL,                 -- the feed's head
    pack BLOB,                           -- hash of the pack in force
    is_copy INTEGER NOT NULL             -- 1 in a backup, so that the server that opens it starts a new epoch
) STRICT;

CREATE TABLE account (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('officer', 'trainer', 'coordinator', 'administrator', 'auditor')),
    unit TEXT NOT NULL,
    password TEXT NOT NULL,              -- argon2id, PHC string
    created_ms INTEGER NOT NULL,
    disabled_ms INTEGER,
    scope_rev INTEGER NOT NULL           -- counts the changes of what the account sees
) STRICT, WITHOUT ROWID;

-- What was granted: the unit and all below it.
CREATE TABLE account_scope (
    account TEXT NOT NULL REFERENCES account (name),
    unit TEXT NOT NULL,
    PRIMARY KEY (account, unit)
) STRICT, WITHOUT ROWID;

-- What that comes to with the units of the pack in force: every unit that the account sees.
CREATE TABLE visible_unit (
    account TEXT NOT NULL REFERENCES account (name),
    unit TEXT NOT NULL,
    PRIMARY KEY (account, unit)
) STRICT, WITHOUT ROWID;

-- Rows are kept after their end: they say who has used a device, and which tokens were good once.
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES account (name),
    device BLOB NOT NULL,
    device_name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    revoked INTEGER NOT NULL DEFAULT 0   -- 1 when ended by somebody else than its owner
) STRICT;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_device ON session (device);

CREATE TABLE pack (
    hash BLOB PRIMARY KEY,
    json BLOB NOT NULL,
    loaded_ms INTEGER NOT NULL
) STRICT;

-- Every unit that any pack ever had.
CREATE TABLE unit (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Every version of every form, for ever.
CREATE TABLE form (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    xml TEXT NOT NULL,
    added_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
    id BLOB PRIMARY KEY,
    acked INTEGER NOT NULL,              -- every operation up to here is in `operation`
    safe INTEGER NOT NULL                -- and up to here in a backup
) STRICT, WITHOUT ROWID;

-- Everything that devices sent, as it was sent, in order of arrival.
CREATE TABLE operation (
    place INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    record BLOB,                         -- NULL when the bytes are no operation
    sender TEXT NOT NULL,                -- the account whose session brought it
    received_ms INTEGER NOT NULL,
    verdict BLOB NOT NULL,               -- sync::wire::Verdict
    UNIQUE (device, seq)
) STRICT;
CREATE INDEX operation_record ON operation (record, place);

-- What could not be applied, for the repair desk.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    record BLOB,
    unit TEXT,                           -- as the operation says
    sender TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (device, seq, hash)
) STRICT;

-- The newest state of each record; a row moves to the feed's head when it changes.
CREATE TABLE record (
    id BLOB PRIMARY KEY,
    rv INTEGER NOT NULL,
    unit TEXT NOT NULL,
    form TEXT NOT NULL,
    author TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    body BLOB NOT NULL                   -- sync::merge::Record
) STRICT;
CREATE UNIQUE INDEX record_feed ON record (rv, unit);
CREATE INDEX record_form ON record (form, unit);

CREATE TABLE blob (
    hash BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    sender TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    whole_ms INTEGER                     -- when its last chunk came and its hash was right
) STRICT;

CREATE TABLE blob_chunk (
    blob BLOB NOT NULL REFERENCES blob (hash) ON DELETE CASCADE,
    chunk INTEGER NOT NULL,
    PRIMARY KEY (blob, chunk)
) STRICT, WITHOUT ROWID;

-- Which records name which blob: who sees one of them sees the blob.
CREATE TABLE record_blob (
    blob BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (blob, record)
) STRICT, WITHOUT ROWID;

-- Blobs that an operation of a device named and that are not here whole yet.
CREATE TABLE blob_wanted (
    device BLOB NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (device, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_wanted_blob ON blob_wanted (blob);
