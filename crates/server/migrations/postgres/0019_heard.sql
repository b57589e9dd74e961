-- Up to when the clock is believed where answers are erased by their age; none before that was looked for once.
ALTER TABLE server ADD COLUMN heard_ms BIGINT;
UPDATE server SET heard_ms = (SELECT max(at_ms) FROM (SELECT max(at_ms) AS at_ms FROM audit UNION ALL SELECT max(pushed_ms) FROM device) heard);
