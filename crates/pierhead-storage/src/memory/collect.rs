//! Collection.

use std::time::{Duration, SystemTime};

use super::state::State;
use crate::{CollectRule, Condemned, Place};

impl State {
    /// Sessions first, then links and staged blobs, then places that nothing reaches any more. One
    /// removed row is counted once; what becomes unreachable by it may wait for the next call.
    pub(super) fn condemn(&mut self, rule: &CollectRule, limit: usize) -> u64 {
        let mut room = limit;
        self.end_idle_uploads(rule, &mut room);
        self.drop_unreferenced_links(rule, &mut room);
        self.drop_old_staged(rule, &mut room);
        self.condemn_unreachable(rule, &mut room);
        (limit - room) as u64
    }

    fn end_idle_uploads(&mut self, rule: &CollectRule, room: &mut usize) {
        let idle = |since| outlived(since, rule.upload_idle, rule.at);
        let ended: Vec<_> = self
            .uploads
            .iter()
            .filter(|(_, row)| idle(row.alive_at))
            .map(|(id, _)| *id)
            .take(*room)
            .collect();
        *room -= ended.len();
        for row in ended
            .iter()
            .filter_map(|id| self.uploads.remove(id))
            .collect::<Vec<_>>()
        {
            let checkpoint = row.checkpoint();
            self.condemn_place(row.place, rule.at, checkpoint);
        }
    }

    fn drop_unreferenced_links(&mut self, rule: &CollectRule, room: &mut usize) {
        let mut changed = Vec::new();
        for (id, rows) in &mut self.repositories {
            let dropped: Vec<_> = rows
                .links
                .iter()
                .filter(|(_, renewed_at)| outlived(**renewed_at, rule.link_grace, rule.at))
                .filter(|(digest, _)| rows.named_as_blob_by(digest).is_none())
                .map(|(digest, _)| *digest)
                .take(*room)
                .collect();
            *room -= dropped.len();
            for digest in &dropped {
                rows.links.remove(digest);
            }
            if !dropped.is_empty() {
                changed.push(*id);
            }
        }
        for id in changed {
            self.content_changed(id);
        }
    }

    fn drop_old_staged(&mut self, rule: &CollectRule, room: &mut usize) {
        for staged in self.staged.values_mut() {
            staged.blobs.retain(|_, renewed_at| {
                let keep = *room == 0 || !outlived(*renewed_at, rule.staged_grace, rule.at);
                *room -= usize::from(!keep);
                keep
            });
        }
        self.staged.retain(|_, staged| !staged.blobs.is_empty());
    }

    fn condemn_unreachable(&mut self, rule: &CollectRule, room: &mut usize) {
        let unreachable: Vec<_> = self
            .blobs
            .keys()
            .filter(|digest| {
                let linked = self
                    .repositories
                    .values()
                    .any(|rows| rows.links.contains_key(digest));
                !linked
                    && !self
                        .staged
                        .values()
                        .any(|staged| staged.blobs.contains_key(digest))
            })
            .copied()
            .take(*room)
            .collect();
        *room -= unreachable.len();
        for blob in unreachable
            .iter()
            .filter_map(|d| self.blobs.remove(d))
            .collect::<Vec<_>>()
        {
            self.condemn_place(blob.place, rule.at, None);
        }
    }

    pub(super) fn removable(&self, condemned_before: SystemTime, limit: usize) -> Vec<Condemned> {
        self.condemned
            .iter()
            .filter(|(_, row)| row.since < condemned_before)
            .take(limit)
            .map(|(place, row)| Condemned {
                place: place.clone(),
                checkpoint: row.checkpoint.clone(),
            })
            .collect()
    }

    pub(super) fn forget(&mut self, gone: &[Place]) {
        for place in gone {
            self.condemned.remove(place);
        }
    }
}

fn outlived(since: SystemTime, grace: Duration, now: SystemTime) -> bool {
    now.duration_since(since).is_ok_and(|age| age >= grace)
}
