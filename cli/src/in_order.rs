//! Work that is cut into pieces: made by several threads, taken in order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

/// How many messages of a piece may wait to be taken.
const WAITING: usize = 8;

/// Has the pieces `0..count` made, each as any number of messages, and gives these to `take` in the order of the pieces.
/// A piece that is far ahead waits: what waits at a time is bounded, however long a piece is. `state` is what a thread
/// keeps from piece to piece. An error of `take` ends it all; `make` should end when nobody takes what it sends.
pub(crate) fn in_order<S, M: Send, E>(
    count: u64,
    state: impl Fn() -> S + Sync,
    make: impl Fn(&mut S, u64, &SyncSender<M>) + Sync,
    mut take: impl FnMut(u64, M) -> Result<(), E>,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64).min(count);
    thread::scope(|scope| {
        let (jobs, queue) = mpsc::channel::<(u64, SyncSender<M>)>();
        let queue = Arc::new(Mutex::new(queue));
        let (state, make) = (&state, &make);
        for _ in 0..threads {
            let queue = queue.clone();
            scope.spawn(move || {
                let mut state = state();
                loop {
                    let job = queue.lock().unwrap_or_else(|e| e.into_inner()).recv();
                    let Ok((piece, messages)) = job else { return };
                    make(&mut state, piece, &messages);
                }
            });
        }
        let mut under_way: VecDeque<Receiver<M>> = VecDeque::new();
        let mut next = 0;
        for piece in 0..count {
            while next < count && next <= piece + threads {
                let (send, receive) = mpsc::sync_channel(WAITING);
                // The threads live as long as `jobs`.
                let _ = jobs.send((next, send));
                under_way.push_back(receive);
                next += 1;
            }
            let Some(messages) = under_way.pop_front() else { break };
            messages.into_iter().try_for_each(|message| take(piece, message))?;
        }
        Ok(())
    })
}

/// Buffers to be used again: memory that is fresh from the system costs more than the text that is put there.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.0.lock().unwrap_or_else(|e| e.into_inner()).push(buffer);
    }
}

/// Writes texts of which each begins with what separates it from one before.
pub(crate) struct Joined<'a, W> {
    out: &'a mut W,
    /// How many bytes are to be left out in front of the first.
    separator: usize,
    wrote: bool,
}

impl<'a, W: Write> Joined<'a, W> {
    pub(crate) fn new(out: &'a mut W, separator: usize) -> Self {
        Joined { out, separator, wrote: false }
    }

    /// Whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.wrote
    }

    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let skip = if std::mem::replace(&mut self.wrote, true) { 0 } else { self.separator };
        self.out.write_all(text.get(skip..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn messages_come_in_the_order_of_the_pieces() {
        let mut taken = Vec::new();
        let make = |made: &mut u64, piece: u64, messages: &std::sync::mpsc::SyncSender<(u64, u64)>| {
            *made += 1;
            (0..piece % 23).for_each(|i| messages.send((piece, i)).unwrap());
        };
        let done: Result<(), ()> = in_order(
            200,
            || 0,
            make,
            |piece, message| {
                assert_eq!(piece, message.0);
                taken.push(message);
                Ok(())
            },
        );
        assert!(done.is_ok());
        let expected: Vec<(u64, u64)> = (0..200).flat_map(|p| (0..p % 23).map(move |i| (p, i))).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn an_error_ends_it() {
        let make = |_: &mut (), piece: u64, messages: &std::sync::mpsc::SyncSender<u64>| {
            while messages.send(piece).is_ok() {}
        };
        let mut left = 100;
        let done = in_order(
            1000,
            || (),
            make,
            |_, _| {
                left -= 1;
                if left == 0 { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!(done, Err("enough"));
    }
}
