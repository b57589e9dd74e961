-- What was erased: a field of a record, and the writes that came before that (sync::wire::Dot, CBOR). They come back empty.
CREATE TABLE erased (
    record BYTEA NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    dots BYTEA NOT NULL,
    PRIMARY KEY (record, path)
);

-- Files that were erased with the fields that named them: nobody is asked for them again.
CREATE TABLE erased_blob (
    hash BYTEA PRIMARY KEY
);

ALTER TABLE account ADD COLUMN erased_ms BIGINT;        -- since when it names nobody any more
