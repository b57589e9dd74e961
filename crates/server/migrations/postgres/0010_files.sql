-- The files beside forms: lists, and what labels show and play. Their bytes are here, as the forms are: whoever puts a pack in
-- force puts all of it, and a copy of the database has all of it.
CREATE TABLE file (
    hash BYTEA PRIMARY KEY,              -- SHA-256 of its bytes
    md5 BYTEA NOT NULL,                  -- how OpenRosa clients know it
    size BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    added_ms BIGINT NOT NULL
);

CREATE TABLE file_piece (
    file BYTEA NOT NULL REFERENCES file (hash) ON DELETE CASCADE,
    place BIGINT NOT NULL,               -- from 0
    bytes BYTEA NOT NULL,                -- 256 KiB, the last one less
    PRIMARY KEY (file, place)
);

CREATE TABLE form_file (
    form BYTEA NOT NULL REFERENCES form (hash),
    name TEXT COLLATE "C" NOT NULL,      -- the last part of the addresses by which the form names it
    file BYTEA NOT NULL REFERENCES file (hash),
    PRIMARY KEY (form, name)
);
CREATE INDEX form_file_file ON form_file (file);
