-- A caller's sessions, by when they were last alive.
CREATE INDEX upload_caller ON upload (caller, alive_at, id);
