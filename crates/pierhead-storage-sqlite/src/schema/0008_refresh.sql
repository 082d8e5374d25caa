-- Refresh tokens (kind 3) die with what they were asked for with: the personal access token `parent`,
-- or the password that the account had in its `generation`. One of the two is set.
ALTER TABLE credential ADD COLUMN parent INTEGER;
ALTER TABLE credential ADD COLUMN generation INTEGER;

CREATE INDEX credential_parent ON credential (parent) WHERE parent IS NOT NULL;

-- Those of an account, kind by kind: sessions are many.
DROP INDEX credential_account;
CREATE INDEX credential_account ON credential (account, kind);

DROP INDEX credential_ended;
CREATE INDEX credential_ended ON credential (expires) WHERE kind IN (2, 3);
