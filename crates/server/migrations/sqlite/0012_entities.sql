-- The lists of entities, worked out of the records in the order of the feed. What is here can be worked out again, but not who
-- looked at which meeting of changes.
CREATE TABLE entity_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    rv INTEGER NOT NULL,                 -- the place of the feed up to which records are taken in
    at_ms INTEGER NOT NULL               -- when the newest of these records changed
) STRICT;

CREATE TABLE entity (
    dataset TEXT NOT NULL,
    id TEXT NOT NULL,
    unit TEXT NOT NULL,                  -- of the record that made it
    version INTEGER NOT NULL,
    label TEXT NOT NULL,
    properties TEXT NOT NULL,            -- a JSON object
    place INTEGER NOT NULL,              -- its place in the list
    conflict TEXT CHECK (conflict IN ('soft', 'hard')),
    PRIMARY KEY (dataset, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entity_place ON entity (dataset, place);

CREATE TABLE entity_version (
    dataset TEXT NOT NULL,
    entity TEXT NOT NULL,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    author TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    branch TEXT NOT NULL,
    base INTEGER NOT NULL,
    label TEXT,
    properties TEXT NOT NULL,            -- a JSON object of what changed
    conflict TEXT CHECK (conflict IN ('soft', 'hard')),
    PRIMARY KEY (dataset, entity, version)
) STRICT, WITHOUT ROWID;

-- What each record said of each entity when it was taken in last, and what came of it.
CREATE TABLE entity_source (
    record BLOB NOT NULL,
    dataset TEXT NOT NULL,
    entity TEXT NOT NULL,
    said TEXT NOT NULL,                  -- JSON
    outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'waits', 'is_there')),
    version INTEGER,                     -- the version that it made
    PRIMARY KEY (record, dataset, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX entity_source_entity ON entity_source (dataset, entity);
