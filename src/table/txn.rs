//! Transaction logs: which SSTables an unfinished flush or compaction writes, and which a finished one has replaced.
//! Follows org.apache.cassandra.db.lifecycle.LogFile, LogRecord and LogReplicaSet.
//!
//! ```text
//! oa_txn_compaction_4d3c…e1.log, one replica in each folder that the transaction touches:
//!   ADD:[/data/ks/t-…/oa-9-big-,0,8][2871…]            a new SSTable, kept on commit
//!   REMOVE:[/data/ks/t-…/oa-7-big-,1700000000123,8][…]  an old one: newest file's time (ms), number of files, CRC32
//!   COMMIT:[,0,0][2613697770]                          or ABORT; nothing may follow
//! ```

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: RecordKind,
    /// Folder and name of the SSTable's files up to the component: `…/oa-9-big-`.
    pub(super) path: String,
    /// Milliseconds; 0 where it does not count.
    pub(super) update_time: i64,
    pub(super) files: i32,
    checksum: i64,
    /// The replicas differ in it, as after a crash in the middle of writing it.
    partial: bool,
    /// Why it does not count.
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    Unknown,
    Add,
    Remove,
    Commit,
    Abort,
}

impl RecordKind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            "ADD" => Self::Add,
            "REMOVE" => Self::Remove,
            "COMMIT" => Self::Commit,
            "ABORT" => Self::Abort,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Add => "ADD",
            Self::Remove => "REMOVE",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Commit | Self::Abort)
    }
}

impl Record {
    fn parse(line: &str) -> Self {
        Self::try_parse(line).unwrap_or_else(|| Record {
            kind: RecordKind::Unknown,
            path: String::new(),
            update_time: 0,
            files: 0,
            checksum: 0,
            partial: false,
            error: Some(format!("is not a record: {line:?}")),
        })
    }

    fn try_parse(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(":[")?;
        let kind = RecordKind::parse(kind)?;
        let (fields, checksum) = rest.strip_suffix(']')?.rsplit_once("][")?;
        if !checksum.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut fields = fields.split(',');
        let (path, update_time, files) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        if fields.next().is_some() {
            return None;
        }
        let has_file = matches!(kind, RecordKind::Add | RecordKind::Remove);
        Some(Record {
            kind,
            path: if has_file { path.to_owned() } else { String::new() },
            update_time: if kind == RecordKind::Remove { update_time } else { 0 },
            files: if has_file { files } else { 0 },
            checksum: checksum.parse().ok()?,
            partial: false,
            error: None,
        })
    }

    fn computed_checksum(&self) -> i64 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(self.path.as_bytes());
        crc.update(self.kind.name().as_bytes());
        crc.update(&(self.update_time as i32).to_be_bytes());
        crc.update(&((self.update_time >> 32) as i32).to_be_bytes());
        crc.update(&self.files.to_be_bytes());
        i64::from(crc.finalize())
    }

    fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
    }

    fn same_as(&self, other: &Record) -> bool {
        self.kind == other.kind
            && self.path == other.path
            && self.files == other.files
            && self.update_time == other.update_time
    }

    /// The folder part and the file name part of `path`.
    pub(super) fn split_path(&self) -> (&str, &str) {
        self.path.rsplit_once('/').unwrap_or(("", &self.path))
    }
}

/// What is on disk of a record's SSTable, to be compared with what the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct OnDisk {
    pub(super) files: i32,
    /// Time of the newest file (ms) without Statistics.db, which is rewritten in place; 0 when there is none.
    pub(super) newest: i64,
    /// The same with Statistics.db: older versions wrote that.
    pub(super) newest_with_statistics: i64,
}

/// A transaction: its log read from all its replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) records: Vec<Record>,
    /// The last record says commit or abort.
    pub(super) completed: bool,
    /// What is wrong with the log; the records that are right count nevertheless.
    pub(super) problem: Option<String>,
}

impl Log {
    /// Reads the replicas line by line and checks each record. `on_disk` is asked for the files of a REMOVE record, and
    /// answers `None` when they are not where the record says: in a copy of the directory the times say nothing.
    pub(super) fn read(replicas: &[String], on_disk: impl Fn(&Record) -> Option<OnDisk>) -> Log {
        let mut log = Log { records: Vec::new(), completed: false, problem: None };
        if let Err(problem) = log.read_records(replicas) {
            log.problem = Some(problem);
            return log;
        }
        log.completed = log.records.last().is_some_and(|r| r.kind.is_final() && r.error.is_none());
        log.verify(on_disk);
        log
    }

    fn read_records(&mut self, replicas: &[String]) -> Result<(), String> {
        let replicas: Vec<Vec<&str>> = replicas.iter().map(|text| text.lines().collect()).collect();
        let count = replicas.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..count {
            let mut first: Option<&str> = None;
            let mut partial = false;
            for lines in &replicas {
                let Some(&line) = lines.get(i) else { continue };
                let Some(longest) = first else {
                    first = Some(line);
                    continue;
                };
                if line == longest {
                    continue;
                }
                let is_prefix = line.starts_with(longest) || longest.starts_with(line);
                if !is_prefix || i + 1 != lines.len() {
                    return Err(format!("line {}: the replicas of the log differ", i + 1));
                }
                partial = true;
                if line.len() > longest.len() {
                    first = Some(line);
                }
            }
            let mut record = Record::parse(first.unwrap_or_default());
            record.partial = partial;
            if self.records.iter().any(|r| r.same_as(&record)) {
                return Err(format!("line {}: a record twice", i + 1));
            }
            let too_many = record.kind.is_final() && i + 1 != count;
            if too_many {
                record.fail("is followed by another".to_owned());
            }
            self.records.push(record);
            if too_many {
                return Err(format!("line {}: a record follows the last one", i + 2));
            }
        }
        Ok(())
    }

    fn verify(&mut self, on_disk: impl Fn(&Record) -> Option<OnDisk>) {
        // Java 8 and 11 give times of different resolution.
        let second = |millis: i64| millis - millis % 1000;
        let mut missing_files = vec![false; self.records.len()];
        for (record, missing) in self.records.iter_mut().zip(&mut missing_files) {
            if record.error.is_some() {
                continue;
            }
            if record.checksum != record.computed_checksum() {
                record.fail(format!("has the checksum {}, not {}", record.checksum, record.computed_checksum()));
                continue;
            }
            if record.kind != RecordKind::Remove {
                continue;
            }
            // Files put back from a backup are not those that the log removes.
            let Some(disk) = on_disk(record) else { continue };
            *missing = disk.files < record.files;
            let expected = second(record.update_time);
            if disk.newest > 0 && second(disk.newest) != expected && second(disk.newest_with_statistics) != expected {
                record
                    .fail(format!("names files of time {}, those on disk are of {}", record.update_time, disk.newest));
            }
        }
        let Some(bad) = self.records.iter().position(|r| r.error.is_some() || r.partial) else { return };
        let reason = self.records[bad].error.clone().unwrap_or_else(|| "is not complete in all replicas".to_owned());
        if bad + 1 != self.records.len() {
            self.problem = Some(format!("line {}: {reason}", bad + 1));
            return;
        }
        // Only the last record is damaged: the writer stopped in the middle of it, which is no problem as long as
        // nothing was deleted yet.
        for (i, missing) in missing_files.into_iter().enumerate().take(bad) {
            if missing {
                self.records[i].fail("names more files than are on disk".to_owned());
                self.problem =
                    Some(format!("line {}: some of its files are gone, but the end of the log is damaged", i + 1));
            }
        }
    }

    pub(super) fn committed(&self) -> bool {
        self.records.last().is_some_and(|r| r.kind == RecordKind::Commit && r.error.is_none())
    }

    /// The records of one kind that count.
    pub(super) fn valid(&self, kind: RecordKind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |r| r.kind == kind && r.error.is_none())
    }
}

/// Whether a name is that of a transaction log: `[[FORMAT-]VERSION_]txn_OPERATION_UUID.log`.
pub(super) fn is_log_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".log") else { return false };
    let rest = match stem.find("txn_") {
        Some(0) => stem,
        Some(at) => {
            let (prefix, rest) = stem.split_at(at);
            let Some(prefix) = prefix.strip_suffix('_') else { return false };
            let version = prefix.rsplit_once('-').map_or(prefix, |(_, version)| version);
            if version.chars().count() != 2 {
                return false;
            }
            rest
        }
        None => return false,
    };
    rest["txn_".len()..].contains('_')
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A line as Cassandra writes it.
    pub(in super::super) fn line(kind: RecordKind, path: &str, update_time: i64, files: i32) -> String {
        let mut record = Record::parse("COMMIT:[,0,0][0]");
        (record.kind, record.path, record.update_time, record.files) = (kind, path.to_owned(), update_time, files);
        format!("{}:[{path},{update_time},{files}][{}]\n", kind.name(), record.computed_checksum())
    }
}

#[cfg(test)]
mod tests {
    use super::testing::line;
    use super::*;

    /// Of a real server, while it compacted two SSTables into one.
    const REAL: &str = "\
ADD:[/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c/oa-6-big-,0,8][3902295935]
REMOVE:[/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c/oa-4-big-,1795719802896,8][3585051392]
REMOVE:[/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c/oa-5-big-,1795719818535,8][1378897604]
COMMIT:[,0,0][2613697770]
";
    const FOLDER: &str = "/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c";

    fn all_there(record: &Record) -> Option<OnDisk> {
        Some(OnDisk { files: record.files, newest: record.update_time, newest_with_statistics: record.update_time })
    }

    fn read(lines: &[String]) -> Log {
        Log::read(&[lines.concat()], all_there)
    }

    #[test]
    fn names() {
        for name in
            ["nb_txn_flush_a0-b.log", "txn_compaction_x.log", "bti-da_txn_index_summary_x.log", "oa_txn_a_b_c.log"]
        {
            assert!(is_log_name(name), "{name}");
        }
        for name in [
            "oa-1-big-Data.db",
            "debug.log",
            "x_txn_a_b.log",
            "oatxn_a_b.log",
            "oa_txn_a.log",
            "oa_txn_a_b.log.tmp",
            "schema.cql",
        ] {
            assert!(!is_log_name(name), "{name}");
        }
    }

    #[test]
    fn a_real_log() {
        let log = Log::read(&[REAL.to_owned()], all_there);
        assert!(log.committed() && log.completed && log.problem.is_none(), "{log:?}");
        let removed: Vec<_> = log.valid(RecordKind::Remove).map(Record::split_path).collect();
        assert_eq!(removed, [(FOLDER, "oa-4-big-"), (FOLDER, "oa-5-big-")]);
        assert_eq!(log.valid(RecordKind::Add).map(Record::split_path).collect::<Vec<_>>(), [(FOLDER, "oa-6-big-")]);
        // Each character of a record is checked.
        for (from, to) in [
            ("oa-5", "oa-7"),
            ("818535,8", "818535,7"),
            ("818535", "818536"),
            (
                "REMOVE:[/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c/oa-5",
                "ADD:[/d/shop/big-03f4c890e9cc11f19fff0dc7fc239b5c/oa-5",
            ),
        ] {
            let log = Log::read(&[REAL.replacen(from, to, 1)], all_there);
            assert!(log.problem.is_some() && log.valid(RecordKind::Remove).count() == 1, "{from}: {log:?}");
        }
    }

    #[test]
    fn records_that_are_none() {
        for text in [
            "",
            "ADD",
            "ADD:[",
            "ADD:[a,b,c][1]",
            "ADD:[a,1][1]",
            "ADD:[a,1,2,3][1]",
            "ADD:[a,1,2][x]",
            "DEL:[a,1,2][1]",
        ] {
            assert_eq!(Record::parse(text).kind, RecordKind::Unknown, "{text}");
        }
    }

    #[test]
    fn a_damaged_last_line_is_as_if_not_written() {
        let remove = line(RecordKind::Remove, "/d/oa-1-big-", 5000, 8);
        let commit = line(RecordKind::Commit, "", 0, 0);
        let log = read(&[remove.clone(), commit.clone()]);
        assert!(log.completed && log.committed() && log.problem.is_none());
        let log = read(&[remove.clone(), commit[..commit.len() - 4].to_owned()]);
        assert!(!log.completed && log.problem.is_none());
        let log = read(&[format!("{}\n", &remove[..remove.len() - 2]), commit]);
        assert!(log.completed && log.problem.is_some_and(|p| p.contains("line 1")));
    }

    #[test]
    fn replicas_may_differ_in_the_last_line_only() {
        let remove = line(RecordKind::Remove, "/d/oa-1-big-", 5000, 8);
        let commit = line(RecordKind::Commit, "", 0, 0);
        let whole = format!("{remove}{commit}");
        let log = Log::read(&[remove.clone(), whole.clone()], all_there);
        assert!(log.committed() && log.problem.is_none());
        let cut = Log::read(&[whole[..whole.len() - 5].to_owned(), whole.clone()], all_there);
        assert!(cut.committed() && cut.problem.is_none());
        let other =
            Log::read(&[format!("{}{commit}", line(RecordKind::Remove, "/d/oa-2-big-", 1, 1)), whole], all_there);
        assert!(!other.completed && other.problem.is_some());
    }

    #[test]
    fn files_of_another_time_are_not_removed() {
        let lines = [line(RecordKind::Remove, "/d/oa-1-big-", 5000, 8), line(RecordKind::Commit, "", 0, 0)];
        let text = [lines.concat()];
        let at = |newest| move |_: &Record| Some(OnDisk { files: 8, newest, newest_with_statistics: newest });
        assert_eq!(Log::read(&text, at(5999)).valid(RecordKind::Remove).count(), 1);
        assert_eq!(Log::read(&text, at(6000)).valid(RecordKind::Remove).count(), 0);
        assert_eq!(Log::read(&text, |_| None).valid(RecordKind::Remove).count(), 1);
    }

    #[test]
    fn no_record_stands_twice() {
        let add = line(RecordKind::Add, "/d/oa-1-big-", 0, 8);
        let other = line(RecordKind::Add, "/d/oa-1-big-", 0, 9);
        assert!(read(&[add.clone(), other]).problem.is_none(), "of other files");
        let log = read(&[add.clone(), add]);
        assert!(!log.completed && log.problem.as_deref() == Some("line 2: a record twice"), "{log:?}");
    }

    /// LogFile.verify: where files are gone already, a damaged end can't be taken for one that was not written.
    #[test]
    fn a_damaged_end_behind_files_that_are_gone_is_a_problem() {
        let remove = line(RecordKind::Remove, "/d/oa-1-big-", 5000, 8);
        let text = [format!("{remove}COMMIT:[,0,0][1]\n")];
        let left = |files| move |_: &Record| Some(OnDisk { files, newest: 5000, newest_with_statistics: 5000 });
        let log = Log::read(&text, left(8));
        assert!(log.problem.is_none() && log.valid(RecordKind::Remove).count() == 1, "{log:?}");
        let log = Log::read(&text, left(7));
        assert_eq!(
            log.problem.as_deref(),
            Some("line 1: some of its files are gone, but the end of the log is damaged")
        );
        assert_eq!(log.valid(RecordKind::Remove).count(), 0);
    }

    #[test]
    fn nothing_follows_the_final_record() {
        let log = read(&[line(RecordKind::Commit, "", 0, 0), line(RecordKind::Abort, "", 0, 0)]);
        assert!(!log.completed && log.problem.is_some());
    }
}
