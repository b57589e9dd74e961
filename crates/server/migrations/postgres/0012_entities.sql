-- The lists of entities, worked out of the records in the order of the feed. What is here can be worked out again, but not who
-- looked at which meeting of changes.
CREATE TABLE entity_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    rv BIGINT NOT NULL,                 -- the place of the feed up to which records are taken in
    at_ms BIGINT NOT NULL               -- when the newest of these records changed
);

CREATE TABLE entity (
    dataset TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C" NOT NULL,                  -- of the record that made it
    version BIGINT NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    properties TEXT COLLATE "C" NOT NULL,            -- a JSON object
    place BIGINT NOT NULL,              -- its place in the list
    conflict TEXT COLLATE "C" CHECK (conflict IN ('soft', 'hard')),
    PRIMARY KEY (dataset, id)
);
CREATE UNIQUE INDEX entity_place ON entity (dataset, place);

CREATE TABLE entity_version (
    dataset TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    record BYTEA NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    branch TEXT COLLATE "C" NOT NULL,
    base BIGINT NOT NULL,
    label TEXT COLLATE "C",
    properties TEXT COLLATE "C" NOT NULL,            -- a JSON object of what changed
    conflict TEXT COLLATE "C" CHECK (conflict IN ('soft', 'hard')),
    PRIMARY KEY (dataset, entity, version)
);

-- What each record said of each entity when it was taken in last, and what came of it.
CREATE TABLE entity_source (
    record BYTEA NOT NULL,
    dataset TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    said TEXT COLLATE "C" NOT NULL,                  -- JSON
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('applied', 'waits', 'is_there')),
    version BIGINT,                     -- the version that it made
    PRIMARY KEY (record, dataset, entity)
);
CREATE INDEX entity_source_entity ON entity_source (dataset, entity);
