-- What lists of users and teams walk.
CREATE INDEX principal_kind ON principal (kind, folded);
CREATE INDEX member_of ON member (account, team) WHERE member = 1;
CREATE INDEX member_in ON member (team, account) WHERE member = 1;
