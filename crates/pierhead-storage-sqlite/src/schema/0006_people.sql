-- People who make their accounts themselves, and what they prove by mail.

-- Whether it was made by whoever uses it: its name is no proof of who that is.
ALTER TABLE account ADD COLUMN registered INTEGER NOT NULL DEFAULT 0;

INSERT INTO sequence (name, last) VALUES ('invitation', 0);

-- Invitations that can be used; `account` made it, and NULL is the server itself.
CREATE TABLE invitation (
    id          INTEGER NOT NULL PRIMARY KEY,
    account     INTEGER REFERENCES account (id) ON DELETE CASCADE,
    email       TEXT,
    secret_hash BLOB NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    expires     INTEGER NOT NULL
) STRICT;

CREATE INDEX invitation_account ON invitation (account);
CREATE INDEX invitation_ended ON invitation (expires);

-- What was sent by mail and waits to be shown. Purposes: 1 the address is the account's, 2 it gets
-- another password. One of each, the newest.
CREATE TABLE proof (
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose     INTEGER NOT NULL CHECK (purpose IN (1, 2)),
    email       TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    expires     INTEGER NOT NULL,
    PRIMARY KEY (account, purpose)
) STRICT, WITHOUT ROWID;

CREATE INDEX proof_ended ON proof (expires);
