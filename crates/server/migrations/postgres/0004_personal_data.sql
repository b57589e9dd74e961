-- Which questions of a form ask for personal data, as the last pack that had the form says.
CREATE TABLE personal_field (
    form TEXT COLLATE "C" NOT NULL,                  -- the form's id, whichever version
    field TEXT COLLATE "C" NOT NULL,                 -- the question: a field's path without the keys of rows
    person TEXT COLLATE "C" NOT NULL,                -- whose: questions of one form with the same word are about one person
    purpose TEXT COLLATE "C" NOT NULL,               -- JSON: a text for each language
    months BIGINT NOT NULL,             -- how long values are kept
    seen_by TEXT COLLATE "C" NOT NULL,               -- roles, divided by blanks
    PRIMARY KEY (form, field)
);
