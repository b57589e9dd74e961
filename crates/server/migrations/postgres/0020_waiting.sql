-- What waits in none of the lists: it is looked at whenever records came.
CREATE INDEX entity_source_waits ON entity_source (record) WHERE outcome = 'waits' AND version IS NULL;
