-- The registry's tables.
--
-- Digests are blobs: one byte for the algorithm (1 sha256, 2 sha512), then the raw bytes, so that
-- they sort like their text. Times are microseconds since 1970. Ids of 64 bits without a sign are
-- kept as the signed number with the same bits.

-- Single numbers: `epoch`, and `snapshot` (present in a copy that was not opened yet).
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids that are never given twice. `entity`: projects and repositories together.
CREATE TABLE sequence (
    name TEXT NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sequence (name, last) VALUES ('entity', 999999);

-- Versions. A row is never removed and its counters never fall.
CREATE TABLE scope (
    kind    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    rights  INTEGER NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE repository (
    id         INTEGER NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    parent     INTEGER,
    creator    TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Repositories that are gone but for rows that a collection sweeps up step by step. Their ids never
-- return, so nothing can see those rows.
CREATE TABLE purged (
    repository INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- Every place that was ever handed to an upload and is not forgotten yet.
CREATE TABLE place (
    place             TEXT NOT NULL PRIMARY KEY,
    state             INTEGER NOT NULL CHECK (state IN (0, 1, 2)), -- open, live, condemned
    since             INTEGER NOT NULL,
    checkpoint_offset INTEGER,
    checkpoint_state  BLOB
) STRICT;

CREATE INDEX place_condemned ON place (since) WHERE state = 2;

CREATE TRIGGER condemned_for_good BEFORE UPDATE OF state ON place
WHEN OLD.state = 2 AND NEW.state <> 2
BEGIN
    SELECT RAISE(ABORT, 'a condemned place never comes back');
END;

-- Every blob that a view may come to see. What is condemned is not among them.
CREATE TABLE blob (
    digest BLOB NOT NULL PRIMARY KEY,
    place  TEXT NOT NULL UNIQUE REFERENCES place (place),
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
    repository INTEGER NOT NULL,
    digest     BLOB NOT NULL REFERENCES blob (digest),
    renewed_at INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX link_digest ON link (digest);

CREATE TABLE staged (
    caller     TEXT NOT NULL,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL REFERENCES blob (digest),
    parent     INTEGER,
    renewed_at INTEGER NOT NULL,
    PRIMARY KEY (caller, name, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX staged_digest ON staged (digest, caller);
CREATE INDEX staged_name ON staged (name);
CREATE INDEX staged_renewed_at ON staged (renewed_at);

-- A session belongs to a repository or to a new name, never to both.
CREATE TABLE upload (
    id         BLOB NOT NULL PRIMARY KEY,
    repository INTEGER,
    name       TEXT,
    caller     TEXT NOT NULL,
    place      TEXT NOT NULL UNIQUE REFERENCES place (place),
    algorithm  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    alive_at   INTEGER NOT NULL,
    hash       BLOB,
    "offset"   INTEGER,
    state      BLOB,
    CHECK ((repository IS NULL) <> (name IS NULL))
) STRICT;

CREATE INDEX upload_repository ON upload (repository) WHERE repository IS NOT NULL;
CREATE INDEX upload_name ON upload (name) WHERE name IS NOT NULL;
CREATE INDEX upload_alive_at ON upload (alive_at);

-- Bytes as received, once for all repositories.
CREATE TABLE manifest_body (
    digest BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE manifest (
    repository    INTEGER NOT NULL,
    digest        BLOB NOT NULL REFERENCES manifest_body (digest),
    media_type    TEXT NOT NULL,
    artifact_type TEXT,
    subject       BLOB,
    size          INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    who           TEXT NOT NULL,
    annotations   TEXT,
    PRIMARY KEY (repository, digest)
) STRICT;

CREATE INDEX manifest_digest ON manifest (digest);
CREATE INDEX manifest_subject ON manifest (repository, subject, digest)
    WHERE subject IS NOT NULL;
CREATE INDEX manifest_subject_type ON manifest (repository, subject, artifact_type, digest)
    WHERE subject IS NOT NULL;

-- What a manifest names, less its subject. Roles: 1 config, 2 layer, 3 child, 4 anything later.
CREATE TABLE reference (
    repository INTEGER NOT NULL,
    holder     BLOB NOT NULL,
    target     BLOB NOT NULL,
    role       INTEGER NOT NULL,
    PRIMARY KEY (repository, holder, target, role),
    FOREIGN KEY (repository, holder) REFERENCES manifest (repository, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX reference_target ON reference (repository, target, role);

CREATE TABLE tag (
    repository INTEGER NOT NULL,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    PRIMARY KEY (repository, name),
    FOREIGN KEY (repository, digest) REFERENCES manifest (repository, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX tag_digest ON tag (repository, digest);

-- Every push of a tag. Ids grow for ever, whatever is removed.
CREATE TABLE history (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    repository INTEGER NOT NULL,
    tag        TEXT NOT NULL,
    digest     BLOB NOT NULL,
    at         INTEGER NOT NULL,
    who        TEXT NOT NULL
) STRICT;

CREATE INDEX history_repository ON history (repository);
CREATE INDEX history_tag ON history (repository, tag);
