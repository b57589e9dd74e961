-- What a device said of itself when it last pushed.
ALTER TABLE device ADD COLUMN pushed_ms INTEGER;
ALTER TABLE device ADD COLUMN unsent INTEGER;            -- operations that stayed on it; NULL: it never said

-- Codes that a coordinator hands to somebody, to sign in with once.
CREATE TABLE sign_in_code (
    code_hash BLOB PRIMARY KEY,                          -- SHA-256: the code itself has 100 random bits
    account TEXT NOT NULL REFERENCES account (name),
    made_by TEXT,                                        -- NULL: the operator of the machine
    made_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL,
    used_ms INTEGER                                      -- when it was used, or when another one took its place
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_code_account ON sign_in_code (account);

-- Who did what, when, to what. Each row's hash covers the row and the hash before it; `server` keeps the last of them.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,                             -- from 1, without gaps
    at_ms INTEGER NOT NULL,
    actor TEXT,                                          -- NULL: the operator of the machine
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    unit TEXT,                                           -- the unit that it concerns, if one
    detail TEXT NOT NULL,                                -- more of it: a JSON object
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_unit ON audit (unit, seq);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
ALTER TABLE server ADD COLUMN audit_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN audit_head BLOB;           -- NULL: no row yet
