-- How the repair desk settled what was in quarantine, and where in the feed its device is told so.
ALTER TABLE quarantine ADD COLUMN settled_ms INTEGER;
ALTER TABLE quarantine ADD COLUMN settled_by TEXT;
ALTER TABLE quarantine ADD COLUMN settled_rv INTEGER;
ALTER TABLE quarantine ADD COLUMN set_aside TEXT;        -- the reason; NULL if it was applied
ALTER TABLE quarantine ADD COLUMN outcome TEXT;          -- of applying it; NULL if it was set aside

-- What cursors are signed with; a copy of the database keeps it, and so knows a cursor that is ahead of it.
ALTER TABLE server ADD COLUMN cursor_key BLOB;
UPDATE server SET cursor_key = randomblob(32);
