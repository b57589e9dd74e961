-- Where in the feed the other devices of whoever sent it are told of what could not be applied. What is here already comes next.
ALTER TABLE quarantine ADD COLUMN rv BIGINT NOT NULL DEFAULT 0;
UPDATE quarantine SET rv = id + (SELECT rv FROM server);
UPDATE server SET rv = rv + (SELECT coalesce(max(id), 0) FROM quarantine);
CREATE INDEX quarantine_sender ON quarantine (sender);
