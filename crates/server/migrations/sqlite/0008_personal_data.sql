-- Which questions of a form ask for personal data, as the last pack that had the form says.
CREATE TABLE personal_field (
    form TEXT NOT NULL,                  -- the form's id, whichever version
    field TEXT NOT NULL,                 -- the question: a field's path without the keys of rows
    person TEXT NOT NULL,                -- whose: questions of one form with the same word are about one person
    purpose TEXT NOT NULL,               -- JSON: a text for each language
    months INTEGER NOT NULL,             -- how long values are kept
    seen_by TEXT NOT NULL,               -- roles, divided by blanks
    PRIMARY KEY (form, field)
) STRICT, WITHOUT ROWID;
