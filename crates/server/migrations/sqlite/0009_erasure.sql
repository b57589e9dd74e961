-- What was erased: a field of a record, and the writes that came before that (sync::wire::Dot, CBOR). They come back empty.
CREATE TABLE erased (
    record BLOB NOT NULL,
    path TEXT NOT NULL,
    dots BLOB NOT NULL,
    PRIMARY KEY (record, path)
) STRICT, WITHOUT ROWID;

-- Files that were erased with the fields that named them: nobody is asked for them again.
CREATE TABLE erased_blob (
    hash BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

ALTER TABLE account ADD COLUMN erased_ms INTEGER;        -- since when it names nobody any more
