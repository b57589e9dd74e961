-- What the store of photos and other files is marked with; none before one is known.
ALTER TABLE server ADD COLUMN blob_store TEXT COLLATE "C";
-- When an erased file was taken out of it; none before that.
ALTER TABLE erased_blob ADD COLUMN removed_ms BIGINT;
-- When the server found that it had lost the file; none for one that never came yet.
ALTER TABLE blob_wanted ADD COLUMN lost_ms BIGINT;
