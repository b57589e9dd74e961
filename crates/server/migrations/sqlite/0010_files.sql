-- The files beside forms: lists, and what labels show and play. Their bytes are here, as the forms are: whoever puts a pack in
-- force puts all of it, and a copy of the database has all of it.
CREATE TABLE file (
    hash BLOB PRIMARY KEY,               -- SHA-256 of its bytes
    md5 BLOB NOT NULL,                   -- how OpenRosa clients know it
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    added_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE file_piece (
    file BLOB NOT NULL REFERENCES file (hash) ON DELETE CASCADE,
    place INTEGER NOT NULL,              -- from 0
    bytes BLOB NOT NULL,                 -- 256 KiB, the last one less
    PRIMARY KEY (file, place)
) STRICT;

CREATE TABLE form_file (
    form BLOB NOT NULL REFERENCES form (hash),
    name TEXT NOT NULL,                  -- the last part of the addresses by which the form names it
    file BLOB NOT NULL REFERENCES file (hash),
    PRIMARY KEY (form, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX form_file_file ON form_file (file);
