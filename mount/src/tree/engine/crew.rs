//! Threads that make text before it is asked for, on cores that would be idle.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak, mpsc};

use parking_lot::Mutex;

/// How many results may be under way or waiting to be taken, by all who read.
const PERMITS: usize = 6;
/// How many pieces of work that nobody waits for.
const ERRANDS: usize = 12;

/// Larger ones are not kept.
const LARGEST_BUFFER: usize = 2 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// Shared by all files of a mount. Its threads end with it.
#[derive(Clone)]
pub(super) struct Crew(Arc<Shared>);

struct Shared {
    jobs: mpsc::Sender<Job>,
    permits: Arc<AtomicUsize>,
    errands: Arc<AtomicUsize>,
    /// Memory to be used again: what is fresh from the system costs more than the text that is put there.
    buffers: Mutex<Vec<Vec<u8>>>,
}

/// A result that is being made. To drop it is to do without.
pub(super) struct Pending<T> {
    work: Arc<Work<T>>,
    result: mpsc::Receiver<T>,
    /// The result, when it has come.
    made: Option<T>,
    _permit: Permit,
}

struct Work<T> {
    make: Box<dyn Fn(Vec<u8>) -> T + Send + Sync>,
    crew: Weak<Shared>,
    /// Somebody makes it, or nobody needs it.
    taken: AtomicBool,
}

impl Crew {
    pub(super) fn new() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        // The reader makes text, too.
        let others = std::thread::available_parallelism().map_or(0, |n| n.get().saturating_sub(1)).min(3);
        for _ in 0..others {
            let queue = queue.clone();
            std::thread::spawn(move || {
                loop {
                    let job = queue.lock().recv();
                    let Ok(job) = job else { return };
                    job();
                }
            });
        }
        let at_most = |count| Arc::new(AtomicUsize::new(if others > 0 { count } else { 0 }));
        let (permits, errands) = (at_most(PERMITS), at_most(ERRANDS));
        Crew(Arc::new(Shared { jobs, permits, errands, buffers: Mutex::default() }))
    }

    /// An empty buffer.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.0.buffers.lock().pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut buffers = self.0.buffers.lock();
        if buffers.len() < PERMITS && buffer.capacity() <= LARGEST_BUFFER {
            buffer.clear();
            buffers.push(buffer);
        }
    }

    /// Has something made in a buffer; `None` when enough is under way.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        make: impl Fn(Vec<u8>) -> T + Send + Sync + 'static,
    ) -> Option<Pending<T>> {
        let permit = Permit::of(&self.0.permits)?;
        let work =
            Arc::new(Work { make: Box::new(make), crew: Arc::downgrade(&self.0), taken: AtomicBool::new(false) });
        let (done, result) = mpsc::sync_channel(1);
        let pending = Pending { work: work.clone(), result, made: None, _permit: permit };
        let job = Box::new(move || {
            if !work.taken.swap(true, Ordering::Relaxed) {
                // Nobody may be left to take it.
                let _ = done.send(work.make());
            }
        });
        self.0.jobs.send(job).ok()?;
        Some(pending)
    }
}

impl Crew {
    /// Has some work done that nobody waits for; `false` when enough is under way.
    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) -> bool {
        let Some(permit) = Permit::of(&self.0.errands) else { return false };
        let job = Box::new(move || {
            work();
            drop(permit);
        });
        self.0.jobs.send(job).is_ok()
    }
}

struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn of(left: &Arc<AtomicUsize>) -> Option<Permit> {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).ok()?;
        Some(Permit(left.clone()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<T> Work<T> {
    fn make(&self) -> T {
        (self.make)(self.crew.upgrade().map(|crew| Crew(crew).buffer()).unwrap_or_default())
    }
}

impl<T> Pending<T> {
    pub(super) fn is_made(&mut self) -> bool {
        if self.made.is_none() {
            self.made = self.result.try_recv().ok();
        }
        self.made.is_some()
    }

    /// Makes it here unless somebody has begun to; whether it was made here.
    pub(super) fn make(&mut self) -> bool {
        let is_free = !self.work.taken.swap(true, Ordering::Relaxed);
        if is_free {
            self.made = Some(self.work.make());
        }
        is_free
    }

    /// Waits for it.
    pub(super) fn take(mut self) -> T {
        if !self.is_made() {
            self.make();
        }
        let made = self.made.take().or_else(|| self.result.recv().ok());
        // Its thread may be gone.
        made.unwrap_or_else(|| self.work.make())
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.work.taken.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_and_permits_return() {
        let crew = Crew::new();
        for round in 0..200 {
            let pending: Vec<_> =
                (0..2 * PERMITS).filter_map(|i| crew.begin(move |buffer| buffer.len() + i * round)).collect();
            assert!(pending.len() <= PERMITS);
            for (i, mut one) in pending.into_iter().enumerate() {
                if (i + round) % 5 == 4 {
                    one.make();
                }
                if (i + round) % 3 > 0 {
                    assert_eq!(one.take(), i * round);
                }
            }
        }
    }
}
