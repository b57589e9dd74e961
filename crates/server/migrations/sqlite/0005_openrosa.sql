-- What a session belongs to: this app; an OpenRosa client with a token in its address; one that sends name and password.
ALTER TABLE session ADD COLUMN client TEXT NOT NULL DEFAULT 'app' CHECK (client IN ('app', 'token', 'password'));

-- Which record a submission belongs to that takes another one's place: the record of the first of them.
CREATE TABLE openrosa_edit (
    instance TEXT PRIMARY KEY,           -- its instanceID
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
