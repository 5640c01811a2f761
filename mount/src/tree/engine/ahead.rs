//! Partitions that are looked at one behind the other, as `grep -r` and `find | xargs` do: another core makes the texts of
//! the next ones meanwhile.
//!
//! ```text
//!   keys in the order of the listing   a  b  c  d  e  f
//!                                         ^looked at
//!                                            ^--^ made ahead, into the texts that are kept
//! ```
//! Who asks at random is not slowed down: for each look a few tokens are compared.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use sstablefs::Result;
use sstablefs::cql::{DecoratedKey, Token};
use sstablefs::table::View;

use super::cache::{Cache, Known};
use super::crew::Crew;
use super::epoch::Moment;
use super::keys;
use super::rows::Rows;
use crate::path::{Format, Request, TableName};

/// How many files are made ahead of a reader who has come along for a while.
const AHEAD: usize = 12;
/// How many readers are followed.
const TRAILS: usize = 4;
/// How many looks are remembered that no reader was known to make.
const SINGLE: usize = 4;
/// So many keys are listed at a time.
const KEYS: usize = 16;
/// A key is taken for one of the next when the tokens of so many would lie in between.
const NEAR: u64 = 8;
/// With more SSTables it takes too long to list the next keys.
const SSTABLES: usize = 8;

pub(super) struct Ahead {
    crew: Crew,
    cache: Arc<Cache>,
    state: Mutex<State>,
    under_way: Arc<Mutex<Vec<Arc<Job>>>>,
}

#[derive(Default)]
struct State {
    /// The one that was seen last in front.
    trails: VecDeque<Trail>,
    single: VecDeque<(Place, i64)>,
}

/// Where keys are looked at.
#[derive(Clone, PartialEq)]
pub(super) struct Place {
    pub(super) table: TableName,
    pub(super) format: Format,
    pub(super) version: u64,
}

/// A reader who looks at one key behind the other.
struct Trail {
    place: Place,
    /// The next ones.
    keys: VecDeque<(DecoratedKey, Request)>,
    /// How many of them somebody was asked to make.
    begun: usize,
    window: usize,
}

/// A text that is to be made.
struct Job {
    request: Request,
    version: u64,
    /// Somebody is at it.
    taken: AtomicBool,
    done: Mutex<bool>,
    is_done: Condvar,
}

impl Ahead {
    pub(super) fn new(crew: Crew, cache: Arc<Cache>) -> Self {
        Ahead { crew, cache, state: Mutex::default(), under_way: Arc::default() }
    }

    /// Hears of a key that is looked at, and has the next ones made when it is one of many in order. `rows` is what makes
    /// a partition's text.
    pub(super) fn note(
        &self,
        place: Place,
        moment: &Moment,
        key: &DecoratedKey,
        request: &Request,
        make: impl Fn(&DecoratedKey) -> Rows,
    ) {
        let (Token::Murmur3(token), true) = (key.token, moment.epoch.view.sstables().len() <= SSTABLES) else { return };
        let state = &mut *self.state.lock();
        // What was expected of another version is not what comes now.
        state.trails.retain(|t| t.place.version == place.version || t.place.table != place.table);
        let found = state.trails.iter().position(|t| t.place == place && t.keys.iter().any(|(_, r)| r == request));
        let trail = match found {
            Some(at) => state.trails.remove(at),
            None => state.follow(&place, token, &moment.epoch.view),
        };
        let Some(mut trail) = trail else { return };
        trail.pass(request);
        if trail.keys.len() < trail.window {
            let after = trail.keys.back().map_or(key, |(key, _)| key).clone();
            // What can't be listed is told to who lists it.
            if trail.list(moment, &after).is_err() {
                return;
            }
        }
        // Several at a time: to wake another core costs as much as to make a short text.
        let is_time = trail.begun <= trail.window / 2;
        while let Some((key, request)) = trail.keys.get(trail.begun).filter(|_| is_time && trail.begun < trail.window) {
            if self.cache.get(request, place.version).is_none() && !self.begin(request, place.version, key, make(key)) {
                break;
            }
            trail.begun += 1;
        }
        state.trails.truncate(TRAILS - 1);
        state.trails.push_front(trail);
    }

    /// Has a text made; `false` when enough is under way.
    fn begin(&self, request: &Request, version: u64, key: &DecoratedKey, rows: Rows) -> bool {
        let job = Arc::new(Job {
            request: request.clone(),
            version,
            taken: AtomicBool::new(false),
            done: Mutex::new(false),
            is_done: Condvar::new(),
        });
        let (cache, under_way, key, mine) = (self.cache.clone(), self.under_way.clone(), key.key.clone(), job.clone());
        self.under_way.lock().push(job.clone());
        let begun = self.crew.run(move || {
            if mine.taken.swap(true, Ordering::Relaxed) {
                return;
            }
            let ending = Ending { job: mine, under_way };
            // An error is told to who reads it.
            if let Ok(Some(rendered)) = rows.render_partition(&key) {
                cache.put(&ending.job.request, version, Known::from(rendered));
            }
        });
        if !begun {
            self.under_way.lock().retain(|j| !Arc::ptr_eq(j, &job));
        }
        begun
    }

    /// When somebody makes this text, waits until it is there.
    pub(super) fn wait(&self, request: &Request, version: u64) {
        let mut under_way = self.under_way.lock();
        let Some(at) = under_way.iter().position(|j| j.version == version && j.request == *request) else { return };
        let job = under_way[at].clone();
        if !job.taken.swap(true, Ordering::Relaxed) {
            // Nobody has begun: who asks makes it.
            under_way.swap_remove(at);
            return;
        }
        drop(under_way);
        let mut done = job.done.lock();
        while !*done {
            job.is_done.wait(&mut done);
        }
    }
}

/// Ends a job, however it went.
struct Ending {
    job: Arc<Job>,
    under_way: Arc<Mutex<Vec<Arc<Job>>>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.under_way.lock().retain(|j| !Arc::ptr_eq(j, &self.job));
        *self.job.done.lock() = true;
        self.job.is_done.notify_all();
    }
}

impl State {
    /// A new trail when the key follows one that was looked at before.
    fn follow(&mut self, place: &Place, token: i64, view: &View) -> Option<Trail> {
        let partitions: i64 =
            view.sstables().iter().map(|s| s.statistics().stats.partition_sizes.count()).max().unwrap_or(0);
        let near = (u64::MAX / partitions.max(1) as u64).saturating_mul(NEAR);
        let before = self
            .single
            .iter()
            .position(|(at, before)| at == place && token > *before && token.abs_diff(*before) < near);
        if let Some(before) = before {
            self.single.remove(before);
            return Some(Trail { place: place.clone(), keys: VecDeque::new(), begun: 0, window: 0 });
        }
        self.single.truncate(SINGLE - 1);
        self.single.push_front((place.clone(), token));
        None
    }
}

impl Trail {
    /// Leaves the key that is looked at, and those before it, behind.
    fn pass(&mut self, request: &Request) {
        if let Some(at) = self.keys.iter().position(|(_, r)| r == request) {
            self.keys.drain(..=at);
            self.begun = self.begun.saturating_sub(at + 1);
        }
        self.window = (self.window + 1).min(AHEAD);
    }

    fn list(&mut self, moment: &Moment, after: &DecoratedKey) -> Result<()> {
        let folder = Request::Keys(self.place.table.clone(), self.place.format);
        let mut listing = moment.epoch.view.keys(Some(after), moment.now)?;
        let mut name = String::new();
        for _ in 0..KEYS {
            let Some(key) = listing.next_key()? else { break };
            keys::write_name(&moment.epoch.names, key, self.place.format, &mut name)?;
            if let Some(request) = folder.child(&name) {
                self.keys.push_back((key.clone(), request));
            }
        }
        Ok(())
    }
}
