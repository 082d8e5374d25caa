-- What people read of entities, and what purging a project has to find.
--
-- `modified_at` and `modified_by` are NULL while an entity is as it was made.

ALTER TABLE entity ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE entity ADD COLUMN modified_at INTEGER;
ALTER TABLE entity ADD COLUMN modified_by TEXT;

-- The name under which a provisioning file made a project. People rename what they may change, and
-- are never taken for the file.
ALTER TABLE entity ADD COLUMN made_as TEXT;

UPDATE entity SET made_as = name WHERE kind = 1 AND EXISTS (
    SELECT 1 FROM audit
    WHERE audit.entity = entity.id AND what = 'create-project' AND audit.who IS NULL);

CREATE INDEX entity_made_as ON entity (made_as, id) WHERE made_as IS NOT NULL;

CREATE INDEX entity_child_name ON entity (parent, name, id) WHERE parent IS NOT NULL;
CREATE INDEX entity_child_at ON entity (parent, at, id) WHERE parent IS NOT NULL;
CREATE INDEX entity_project_at ON entity (at, id) WHERE kind = 1;

-- Of a session that was begun under a new name: the project that the name begins with.
ALTER TABLE upload ADD COLUMN parent INTEGER;

CREATE INDEX upload_parent ON upload (parent) WHERE name IS NOT NULL AND parent IS NOT NULL;
-- Projects that are gone, for ever: no number is given twice. Repositories that such a one has left
-- are swept up by collections until there are none; nothing can see them meanwhile.
CREATE TABLE purged_project (
    project INTEGER NOT NULL PRIMARY KEY,
    swept   INTEGER NOT NULL
) STRICT;

CREATE INDEX purged_project_left ON purged_project (project) WHERE swept = 0;

CREATE INDEX entity_trashed_of ON entity (parent, trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX credential_ended ON credential (expires) WHERE kind = 2;
CREATE INDEX staged_parent ON staged (parent) WHERE parent IS NOT NULL;
