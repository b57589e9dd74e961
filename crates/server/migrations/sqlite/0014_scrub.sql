-- How often something was emptied since the file was last written anew without it.
ALTER TABLE server ADD COLUMN scrub_wanted INTEGER NOT NULL DEFAULT 0;
