-- The programme that each form belongs to, as the last pack that had the form says. A form without a row is of none.
CREATE TABLE form_programme (
    form TEXT PRIMARY KEY,               -- the form's id, whichever version
    programme TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The programmes that an account's grant is limited to. An account without a row sees all, and forms of no programme.
CREATE TABLE account_programme (
    account TEXT NOT NULL REFERENCES account (name),
    programme TEXT NOT NULL,
    PRIMARY KEY (account, programme)
) STRICT, WITHOUT ROWID;

-- Who sees which record: whoever sees its unit and its form's programme. Whatever gives out records reads them here.
CREATE VIEW visible_record AS
    SELECT seen.account AS account, record.id AS id, record.rv AS rv, record.unit AS unit, record.form AS form,
        record.author AS author, record.received_ms AS received_ms, record.changed_ms AS changed_ms, record.body AS body
    FROM record JOIN visible_unit seen ON seen.unit = record.unit
    WHERE NOT EXISTS (SELECT 1 FROM account_programme mine WHERE mine.account = seen.account)
        OR EXISTS (SELECT 1 FROM account_programme mine JOIN form_programme its ON its.programme = mine.programme
            WHERE mine.account = seen.account AND its.form = record.form);

-- Who may have seen a record in a unit that it left.
CREATE VIEW visible_trace AS
    SELECT seen.account AS account, trace.record AS record, trace.unit AS unit, trace.rv AS rv
    FROM record_left trace JOIN record ON record.id = trace.record JOIN visible_unit seen ON seen.unit = trace.unit
    WHERE NOT EXISTS (SELECT 1 FROM account_programme mine WHERE mine.account = seen.account)
        OR EXISTS (SELECT 1 FROM account_programme mine JOIN form_programme its ON its.programme = mine.programme
            WHERE mine.account = seen.account AND its.form = record.form);
