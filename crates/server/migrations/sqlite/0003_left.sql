-- The units that a record has left, and where in the feed: whoever sees such a unit and not the record's own is told so.
CREATE TABLE record_left (
    record BLOB NOT NULL,
    unit TEXT NOT NULL,
    rv INTEGER NOT NULL,
    PRIMARY KEY (record, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_left_feed ON record_left (rv, unit);

-- What moved before was not noted, and may still be on phones: every feed begins anew once.
UPDATE account SET scope_rev = scope_rev + 1;
