//! Work that goes on beside the caller's, on another core.
//!
//! ```text
//!   caller: give(job) … take() -> result …        finish() -> state
//!   thread:     work(state, job) -> result
//! ```
//! Jobs are done one behind the other, in the order in which they are given. Where there is no second core, or no thread
//! to be had (as on wasm32), there is no worker, and the caller does the work itself.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use crate::error::{Error, Kind, Result};

pub(crate) struct Worker<S, J, R> {
    jobs: Option<SyncSender<J>>,
    results: Receiver<R>,
    thread: Option<JoinHandle<Option<S>>>,
    /// Jobs whose results were not taken.
    open: usize,
}

impl<S: Send + 'static, J: Send + 'static, R: Send + 'static> Worker<S, J, R> {
    /// As many jobs as `queue` wait before [`Worker::give`] does. Gives the state back where there can be no worker.
    pub(crate) fn start(queue: usize, state: S, work: fn(&mut S, J) -> R) -> std::result::Result<Self, S> {
        if thread::available_parallelism().map_or(1, usize::from) < 2 {
            return Err(state);
        }
        let (jobs, mine) = sync_channel::<J>(queue);
        let (mine_back, results) = channel();
        // The state comes behind, so that it is not lost where no thread can be started.
        let (hand_over, states) = channel::<S>();
        let body = move || run(&states, &mine, &mine_back, work);
        let Ok(thread) = thread::Builder::new().name("sstablefs-worker".into()).spawn(body) else { return Err(state) };
        match hand_over.send(state) {
            Ok(()) => Ok(Worker { jobs: Some(jobs), results, thread: Some(thread), open: 0 }),
            Err(back) => Err(back.0),
        }
    }

    /// Jobs that were given and whose results were not taken.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    pub(crate) fn give(&mut self, job: J) -> Result<()> {
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).map_err(|_| gone())?;
        self.open += 1;
        Ok(())
    }

    /// The result of the oldest job that is open, when it is done; `None` when there is none.
    pub(crate) fn take(&mut self) -> Result<Option<R>> {
        if self.open == 0 {
            return Ok(None);
        }
        self.open -= 1;
        self.results.recv().map(Some).map_err(|_| gone())
    }

    /// Ends the thread when all jobs are done; what they resulted in is to be taken before.
    pub(crate) fn finish(mut self) -> Result<S> {
        self.jobs = None;
        let thread = self.thread.take().ok_or_else(gone)?;
        thread.join().ok().flatten().ok_or_else(gone)
    }
}

fn run<S, J, R>(states: &Receiver<S>, jobs: &Receiver<J>, results: &Sender<R>, work: fn(&mut S, J) -> R) -> Option<S> {
    let mut state = states.recv().ok()?;
    while let Ok(job) = jobs.recv() {
        // Nobody may want the result any more.
        let _ = results.send(work(&mut state, job));
    }
    Some(state)
}

fn gone() -> Error {
    Error::new(Kind::Io, "a thread has ended before its work was done")
}

impl<S, J, R> Drop for Worker<S, J, R> {
    /// What it works with is free when this returns.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_done_in_order() {
        let work = |sum: &mut u64, job: u64| {
            *sum += job;
            *sum
        };
        let Ok(mut worker) = Worker::start(2, 10u64, work) else { return };
        let mut results = Vec::new();
        for job in 1..=100 {
            worker.give(job).unwrap();
            if worker.open() > 3 {
                results.extend(worker.take().unwrap());
            }
        }
        while let Some(result) = worker.take().unwrap() {
            results.push(result);
        }
        assert!(results.is_sorted() && results.len() == 100 && results.last() == Some(&5060));
        assert_eq!(worker.finish().unwrap(), 5060);
    }

    #[test]
    fn a_panic_is_an_error() {
        let work = |_: &mut (), job: u32| 10 / job;
        let Ok(mut worker) = Worker::start(1, (), work) else { return };
        worker.give(0).unwrap();
        assert!(worker.take().is_err());
        assert!(worker.give(1).is_err());
        assert!(worker.finish().is_err());
    }
}
