-- Users and teams that are gone, and references to repositories in other registries.

-- What is left of who is gone: neither a name nor a number is given again.
CREATE TABLE former_principal (
    id     INTEGER NOT NULL PRIMARY KEY,
    kind   INTEGER NOT NULL,
    name   TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE
) STRICT;

-- Everything a principal stands in, whatever it is given there.
CREATE INDEX entry_principal ON entry (principal);
CREATE INDEX entity_owner ON entity (owner) WHERE owner IS NOT NULL;

CREATE INDEX entity_project_id ON entity (id) WHERE kind = 1;

-- Of a repository (kind 2): whether its bytes are in another registry, and only its name and its
-- tags are here. Such a one has no row in `repository`. The catalog walks all but these.
ALTER TABLE entity ADD COLUMN external INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN external INTEGER NOT NULL DEFAULT 0;

CREATE INDEX entity_managed_name ON entity (parent, name, id)
    WHERE kind = 2 AND external = 0 AND trashed_at IS NULL;
CREATE INDEX entity_managed_inheriting ON entity (parent, name, id)
    WHERE kind = 2 AND external = 0 AND own_list = 0 AND trashed_at IS NULL;

DROP INDEX entry_repository;
CREATE INDEX entry_repository ON entry (principal, name, entity)
    WHERE parent IS NOT NULL AND external = 0 AND bits & 1;

-- What somebody says that the tags of such a repository name. As in `tag`; when and by whom each
-- was recorded is in `history`.
CREATE TABLE external_tag (
    repository INTEGER NOT NULL,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    pushed_at  INTEGER NOT NULL,
    PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX external_tag_pushed ON external_tag (repository, pushed_at, name);
