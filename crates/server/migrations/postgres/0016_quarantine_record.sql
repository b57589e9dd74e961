-- What stands at the repair desk alone is kept of its record too, and looked for by it.
CREATE INDEX quarantine_record ON quarantine (record);
