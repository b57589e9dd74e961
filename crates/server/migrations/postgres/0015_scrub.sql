-- How often something was emptied since the tables were last vacuumed.
ALTER TABLE server ADD COLUMN scrub_wanted BIGINT NOT NULL DEFAULT 0;
