-- The places of all that somebody sees are found without the records: who asks whether everything came is answered from here.
-- Not by unit first, or the feed would be read by units and sorted.
DROP INDEX record_form;
CREATE INDEX record_form ON record (form, unit, rv);
