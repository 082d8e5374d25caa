-- What lists walk, so that a page costs what it holds and not what lies around it.

-- Of the entity in whose list an entry stands: what lists are ordered by. Only projects are renamed.
ALTER TABLE entry ADD COLUMN parent INTEGER;
ALTER TABLE entry ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN at INTEGER NOT NULL DEFAULT 0;

UPDATE entry SET (parent, name, at) =
    (SELECT parent, name, at FROM entity WHERE entity.id = entry.entity);

CREATE TRIGGER entity_renamed AFTER UPDATE OF name ON entity
BEGIN
    UPDATE entry SET name = NEW.name WHERE entity = NEW.id;
END;

DROP INDEX entry_principal;

-- Bit 1 is READ. What a principal sees by an own list: in one project, or of projects alone.
CREATE INDEX entry_name ON entry (principal, parent, name, entity) WHERE bits & 1;
CREATE INDEX entry_at ON entry (principal, parent, at, entity) WHERE bits & 1;

-- Repositories' names begin with their project's number, so that in the order of names projects
-- stand in that of the text `number || '/'`, and the repositories of each follow one another.
CREATE INDEX entry_project ON entry (principal, entity || '/')
    WHERE parent IS NULL AND bits & 1;
CREATE INDEX entry_repository ON entry (principal, name, entity)
    WHERE parent IS NOT NULL AND bits & 1;
CREATE INDEX entity_project ON entity (id || '/') WHERE kind = 1 AND trashed_at IS NULL;

CREATE INDEX entity_inheriting_name ON entity (parent, name, id)
    WHERE kind = 2 AND own_list = 0 AND trashed_at IS NULL;
CREATE INDEX entity_inheriting_at ON entity (parent, at, id)
    WHERE kind = 2 AND own_list = 0 AND trashed_at IS NULL;

-- The newest push of a tag.
ALTER TABLE tag ADD COLUMN pushed_at INTEGER NOT NULL DEFAULT 0;

UPDATE tag SET pushed_at = coalesce(
    (SELECT at FROM history WHERE history.repository = tag.repository AND history.tag = tag.name
     ORDER BY id DESC LIMIT 1), 0);

CREATE INDEX tag_pushed ON tag (repository, pushed_at, name);
