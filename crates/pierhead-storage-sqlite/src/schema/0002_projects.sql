-- Accounts, teams, projects, sharing and the audit record.
--
-- Times are microseconds since 1970. Flags are 0 or 1. Numbers of users and teams are never reused,
-- nor are those of entities and credentials.

INSERT INTO sequence (name, last) VALUES ('principal', 2999999), ('credential', 0);

-- Users (1) and teams (2): one name space, in which case, '.', '-' and '_' do not count.
CREATE TABLE principal (
    id     INTEGER NOT NULL PRIMARY KEY,
    kind   INTEGER NOT NULL CHECK (kind IN (1, 2)),
    name   TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE account (
    id           INTEGER NOT NULL PRIMARY KEY REFERENCES principal (id),
    email        TEXT,
    email_folded TEXT UNIQUE,
    confirmed    INTEGER NOT NULL,
    password     TEXT,
    certified    INTEGER NOT NULL,
    operator     INTEGER NOT NULL,
    disabled     INTEGER NOT NULL,
    generation   INTEGER NOT NULL
) STRICT;

CREATE INDEX account_operator ON account (id) WHERE operator = 1 AND disabled = 0;

CREATE TABLE member (
    account INTEGER NOT NULL REFERENCES account (id),
    team    INTEGER NOT NULL REFERENCES principal (id),
    member  INTEGER NOT NULL,
    manager INTEGER NOT NULL,
    PRIMARY KEY (account, team),
    CHECK (member OR manager)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_team ON member (team, account);

-- Kinds: 1 personal access token, 2 sign-in session. Scopes: 1 view, 2 download, 4 modify.
CREATE TABLE credential (
    id          INTEGER NOT NULL PRIMARY KEY,
    account     INTEGER NOT NULL REFERENCES account (id),
    kind        INTEGER NOT NULL,
    name        TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    scopes      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires     INTEGER,
    revoked     INTEGER NOT NULL,
    last_used   INTEGER
) STRICT;

CREATE INDEX credential_account ON credential (account);

-- Projects (1) and repositories (2). `own_list`: the rows of `entry` count, even if there are none.
CREATE TABLE entity (
    id         INTEGER NOT NULL PRIMARY KEY,
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2)),
    parent     INTEGER,
    name       TEXT NOT NULL,
    owner      INTEGER,
    who        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    etag       INTEGER NOT NULL,
    trashed_by INTEGER,
    trashed_at INTEGER,
    own_list   INTEGER NOT NULL
) STRICT;

CREATE INDEX entity_parent ON entity (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX entity_project_name ON entity (name, id) WHERE kind = 1;
CREATE INDEX entity_trashed ON entity (trashed_at) WHERE trashed_at IS NOT NULL;

CREATE TABLE entry (
    entity    INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    principal INTEGER NOT NULL,
    bits      INTEGER NOT NULL CHECK (bits BETWEEN 1 AND 255),
    PRIMARY KEY (entity, principal)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_principal ON entry (principal);

-- A repository is an entity from its first manifest to its purge, in the very transaction, whoever
-- writes the row.
CREATE TRIGGER repository_created AFTER INSERT ON repository
BEGIN
    INSERT INTO entity (id, kind, parent, name, who, at, etag, own_list)
    VALUES (NEW.id, 2, NEW.parent, NEW.name, NEW.creator, NEW.created_at, 1, 0);
END;

CREATE TRIGGER repository_gone AFTER DELETE ON repository
BEGIN
    DELETE FROM entity WHERE id = OLD.id;
END;

INSERT INTO entity (id, kind, parent, name, who, at, etag, own_list)
SELECT id, 2, parent, name, creator, created_at, 1, 0 FROM repository;

-- One row for every change, written with it. `who` is NULL for the server itself; `before` and
-- `after` are JSON.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    who       INTEGER,
    "from"    TEXT NOT NULL,
    what      TEXT NOT NULL,
    entity    INTEGER,
    principal INTEGER,
    before    TEXT,
    after     TEXT
) STRICT;

CREATE INDEX audit_entity ON audit (entity, id) WHERE entity IS NOT NULL;
CREATE INDEX audit_principal ON audit (principal, id) WHERE principal IS NOT NULL;
