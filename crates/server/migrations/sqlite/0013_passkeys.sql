-- Keys that people sign in with instead of a password. Of each the public half is here; the other never leaves its authenticator.
CREATE TABLE passkey (
    id INTEGER PRIMARY KEY,
    credential BLOB NOT NULL UNIQUE,                     -- the authenticator's name for it
    account TEXT NOT NULL REFERENCES account (name),
    user_handle BLOB NOT NULL,                           -- the authenticator's name for the person: random
    public_key BLOB NOT NULL,                            -- a COSE_Key
    sign_count INTEGER NOT NULL,                         -- signatures so far, or 0 for ever
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER                                      -- NULL: not yet
) STRICT;
CREATE INDEX passkey_account ON passkey (account);

-- What an authenticator is to sign, until it is answered or over.
CREATE TABLE passkey_challenge (
    hash BLOB PRIMARY KEY,                               -- SHA-256 of 32 random bytes
    session INTEGER,                                     -- the one that a key is added in; NULL: to sign in
    user_handle BLOB,                                    -- what that key is to call the person
    asker BLOB NOT NULL,                                 -- a hash of the network address that asked
    ends_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_challenge_asker ON passkey_challenge (asker);
CREATE INDEX passkey_challenge_end ON passkey_challenge (ends_ms);
