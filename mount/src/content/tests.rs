//! Streams against the whole text, read at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sstablefs::{Error, Result};

use super::{Active, Content, Limits, Producer, Source, Stream};

/// Numbered lines of different lengths; a checkpoint is the number of the next line.
#[derive(Clone)]
struct Lines {
    count: u64,
    damaged: Option<u64>,
    starts: Arc<AtomicU64>,
    made: Arc<AtomicU64>,
    alive: Arc<AtomicU64>,
}

impl Lines {
    fn new(count: u64) -> Self {
        Lines { count, damaged: None, starts: Arc::default(), made: Arc::default(), alive: Arc::default() }
    }

    fn line(n: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{n} {}\n", "x".repeat((n * 7919 % 97) as usize)).as_bytes());
    }

    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        (0..self.count).for_each(|n| Self::line(n, &mut out));
        out
    }
}

struct Making {
    lines: Lines,
    next: u64,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.lines.alive.fetch_sub(1, Relaxed);
    }
}

impl Source for Lines {
    type Checkpoint = u64;
    type Producer = Making;

    fn start(&self, from: Option<&u64>) -> Result<Making> {
        self.starts.fetch_add(1, Relaxed);
        self.alive.fetch_add(1, Relaxed);
        Ok(Making { lines: self.clone(), next: from.copied().unwrap_or(0) })
    }
}

impl Producer for Making {
    type Checkpoint = u64;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        while out.len() < target {
            if self.next == self.lines.count {
                return Ok(false);
            }
            if Some(self.next) == self.lines.damaged {
                return Err(Error::corrupt("planted"));
            }
            let before = out.len();
            Lines::line(self.next, out);
            self.lines.made.fetch_add((out.len() - before) as u64, Relaxed);
            self.next += 1;
        }
        Ok(true)
    }

    fn checkpoint(&self) -> u64 {
        self.next
    }
}

const SMALL: Limits = Limits { step: 1000, keep: 3000, spacing: 5000, checkpoints: 8 };

fn read(content: &dyn Content, offset: u64, size: usize) -> Result<Vec<u8>> {
    let mut got = None;
    content.read(offset, size, &mut |bytes| {
        assert!(got.is_none(), "the sink was called twice");
        got = Some(bytes.to_vec());
    })?;
    Ok(got.expect("the sink was not called"))
}

fn expected(text: &[u8], offset: u64, size: usize) -> &[u8] {
    let start = (offset as usize).min(text.len());
    &text[start..(start + size).min(text.len())]
}

/// A small generator, seeded from the clock; the seed is in every message.
struct Random(u64);

impl Random {
    fn new() -> (Self, u64) {
        let seed = std::env::var("SEED")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |d| d.as_nanos() as u64) | 1);
        (Random(seed), seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn random_reads_give_the_text() {
    let (mut random, seed) = Random::new();
    for round in 0..60 {
        let lines = Lines::new(random.below(3000));
        let text = lines.text();
        let active = Active::new(1 + random.below(3) as usize);
        let first: Arc<dyn Content> = Stream::new(lines.clone(), SMALL, active.clone(), false);
        let mut streams = [first.reopen(), first.reopen(), first];
        let mut at = 0;
        for _ in 0..200 {
            if random.below(40) == 0 {
                streams[0] = streams[1].reopen();
            }
            let stream = &*streams[random.below(3) as usize];
            let size = random.below(4000) as usize;
            at = match random.below(4) {
                0 => random.below(text.len() as u64 + 100),
                1 => at + size as u64,
                2 => u64::saturating_sub(at, random.below(3000)),
                _ => at + random.below(5000),
            };
            let got = read(stream, at, size).unwrap();
            assert!(got == expected(&text, at, size), "SEED={seed} round {round}: {size} bytes at {at}");
            if random.below(50) == 0 {
                assert_eq!(stream.measure().unwrap(), text.len() as u64, "SEED={seed} round {round}");
            }
        }
    }
}

#[test]
fn reading_on_makes_everything_once() {
    let lines = Lines::new(5000);
    let text = lines.text();
    let stream = Stream::new(lines.clone(), SMALL, Active::new(2), false);
    let mut got = Vec::new();
    loop {
        let part = read(&*stream, got.len() as u64, 700).unwrap();
        if part.is_empty() {
            break;
        }
        got.extend_from_slice(&part);
    }
    assert!(got == text);
    assert_eq!(lines.starts.load(Relaxed), 1);
    assert_eq!(lines.made.load(Relaxed), text.len() as u64);
    assert_eq!(stream.known_size(), Some(text.len() as u64));
    assert_eq!(lines.alive.load(Relaxed), 0, "a finished stream holds no reader");
}

#[test]
fn requests_of_read_ahead_out_of_order_do_not_start_again() {
    let lines = Lines::new(5000);
    let stream = Stream::new(lines.clone(), SMALL, Active::new(2), false);
    for pair in 0..100 {
        for at in [pair * 2000 + 1000, pair * 2000] {
            read(&*stream, at, 1000).unwrap();
        }
    }
    assert_eq!(lines.starts.load(Relaxed), 1);
}

#[test]
fn a_seek_back_costs_one_stretch() {
    let lines = Lines::new(20_000);
    let text = lines.text();
    let stream = Stream::new(lines.clone(), SMALL, Active::new(2), false);
    assert_eq!(stream.measure().unwrap(), text.len() as u64);
    // 8 checkpoints at most: a stretch is at most a fourth of the text, thinned out or not.
    for part in 0..10 {
        let at = text.len() as u64 / 10 * part + 17;
        lines.made.store(0, Relaxed);
        assert_eq!(read(&*stream, at, 100).unwrap(), expected(&text, at, 100));
        assert!(lines.made.load(Relaxed) <= text.len() as u64 / 4 + 2000, "{} at {at}", lines.made.load(Relaxed));
    }
}

#[test]
fn no_more_streams_hold_memory_than_allowed() {
    let lines = Lines::new(3000);
    let text = lines.text();
    let active = Active::new(3);
    let streams: Vec<_> = (0..20).map(|_| Stream::new(lines.clone(), SMALL, active.clone(), false)).collect();
    for at in (0..20_000).step_by(500) {
        for stream in &streams {
            assert_eq!(read(&**stream, at, 500).unwrap(), expected(&text, at, 500));
            assert!(lines.alive.load(Relaxed) <= 3);
        }
    }
}

#[test]
fn damage_is_an_error_for_what_stands_behind_it() {
    let mut lines = Lines::new(1000);
    let text = lines.text();
    lines.damaged = Some(500);
    let good = Lines::new(500).text().len() as u64;
    let exact = Stream::new(lines.clone(), SMALL, Active::new(2), false);
    let direct = Stream::new(lines, SMALL, Active::new(2), true);
    for _ in 0..2 {
        assert_eq!(read(&*exact, good - 50, 50).unwrap(), expected(&text, good - 50, 50));
        assert!(read(&*exact, good - 50, 51).is_err());
        assert_eq!(read(&*direct, good - 50, 80).unwrap(), expected(&text, good - 50, 50));
        assert!(read(&*direct, good, 1).is_err());
        assert!(direct.measure().is_err());
        assert_eq!(read(&*direct, 10, 30).unwrap(), expected(&text, 10, 30));
    }
}

#[test]
fn threads_share_a_stream() {
    let lines = Lines::new(3000);
    let text = Arc::new(lines.text());
    let active = Active::new(1);
    let streams = [0, 1].map(|_| Stream::new(lines.clone(), SMALL, active.clone(), false));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (stream, text) = (&streams[thread % 2], text.clone());
            scope.spawn(move || {
                for i in 0..300 {
                    let at = (i * 397 * (thread as u64 + 1)) % text.len() as u64;
                    assert_eq!(read(&**stream, at, 900).unwrap(), expected(&text, at, 900));
                }
            });
        }
    });
}
