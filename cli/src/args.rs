//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::time::parse_now;

/// Shows Apache Cassandra SSTables as files.
#[derive(Debug, Parser)]
#[command(
    name = "sstablefs",
    version = env!("SSTABLEFS_VERSION"),
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}")
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
DATA is a Cassandra data directory, a keyspace's, a table's or a snapshot's folder in it, or one Data.db file.

Examples:
  sstablefs mount /var/lib/cassandra/data ~/mnt      then look around in ~/mnt
  sstablefs query /var/lib/cassandra/data \"SELECT count(*) FROM shop.orders\"
  sstablefs schema /var/lib/cassandra/data           the CREATE statements
  sstablefs info /var/lib/cassandra/data/shop        sizes, histograms and times of the SSTables
  sstablefs sstabledump -l nb-1-big-Data.db | jq .   every cell with its timestamp
  sstablefs verify /var/lib/cassandra/data           is anything damaged, and where
  sstablefs import data shop.orders new.csv          SSTables of a CSV file";

const ENVIRONMENT: &str = "\
Exit status:
  0  all is well, also when the reader of the output goes away before its end (head)
  1  an error, which stderr has: what, in which file, at which byte; or verify has found damage
  2  wrong use: see --help

Environment:
  NO_COLOR   no colors on a terminal
  RUST_LOG   what the log of a mount has: debug, info (default), warn; by target: fuser=warn
  TZ         the zone of times that are given without one, and of those that info prints

A mount in the background logs to the system: journalctl -t sstablefs. On a terminal it logs with -f, and with --log FILE \
to a file.

More: docs/TROUBLESHOOTING.md says what to do about each error, docs/MIGRATING.md what replaces which tool.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mount tables as files
    Mount(Mount),
    /// Print the rows that a SELECT gives
    Query(Query),
    /// Print an SSTable as JSON, as Cassandra's sstabledump does
    Sstabledump(Sstabledump),
    /// Print the CREATE statements of what is there
    #[command(visible_alias = "describe")]
    Schema(Schema),
    /// Make SSTables of CSV, JSON or sstabledump's output
    Import(Import),
    /// Print what the files of SSTables say about them, as Cassandra's sstablemetadata does
    #[command(visible_alias = "sstablemetadata")]
    Info(Info),
    /// Look for damage: checksums, indexes against data, every row
    #[command(visible_alias = "sstableverify")]
    Verify(Verify),
    /// Print what lets a shell complete sstablefs's arguments
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sstablefs completions bash > /usr/share/bash-completion/completions/sstablefs
  sstablefs completions zsh > /usr/share/zsh/vendor-completions/_sstablefs
  sstablefs completions fish > ~/.config/fish/completions/sstablefs.fish
  source <(sstablefs completions bash)               in this shell only")]
pub(crate) struct Completions {
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sstablefs man /usr/share/man/man1
  sstablefs man . && man ./sstablefs-query.1")]
pub(crate) struct Man {
    /// An existing folder; gets sstablefs.1 and a page for each command
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Returns when the mount can be used; umount or fusermount3 -u ends it.

Examples:
  sstablefs mount /var/lib/cassandra/data ~/mnt
  sstablefs mount /disk1/data /disk2/data ~/mnt       the disks of a node, as one
  sstablefs mount -f --now 2024-01-31T12:00:00Z snapshots/monday ~/mnt
  sstablefs mount node1/shop node2/shop node3/shop ~/mnt    backups of three nodes, merged
  sstablefs mount /var/lib/cassandra/data ~/mnt --out /srv/new

Then:
  ls ~/mnt/shop/orders/json                           the partitions by key
  grep pending ~/mnt/shop/orders/rows.jsonl           the whole table
  cat ~/mnt/shop/orders/where/customer=ann/rows.csv   a query: see where/README.txt
  cp new.csv ~/mnt/shop/orders/staging/               new rows; with --out, load them:
  nodetool import shop orders /srv/new/shop/orders")]
pub(crate) struct Mount {
    /// Data directories, or parts of them; several are merged as one
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// An empty folder
    #[arg(required = true)]
    pub(crate) mountpoint: PathBuf,
    /// Stay in the foreground and log to the terminal
    #[arg(short, long)]
    pub(crate) foreground: bool,
    /// Never write anything: no staging folders
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Write new SSTables to DIR/KEYSPACE/TABLE instead of the table's own folder, for nodetool import
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Version of new SSTables; else that of the table's newest, or oa
    #[arg(long, value_enum)]
    pub(crate) format: Option<SstableFormat>,
    /// Memory for rows that wait to be sorted
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) memtable: u32,
    /// An empty field of CSV deletes what is there
    #[arg(long)]
    pub(crate) null_deletes: bool,
    #[command(flatten)]
    pub(crate) schema: SchemaFiles,
    #[command(flatten)]
    pub(crate) time: Now,
    /// Let stat work out the size of files that are too large to be made ahead
    #[arg(long)]
    pub(crate) exact_sizes: bool,
    /// How CSV is quoted: cqlsh escapes with a backslash, rfc4180 doubles quotes
    #[arg(long, value_enum, default_value_t = Csv::Cqlsh)]
    pub(crate) csv: Csv,
    /// Let other users read the mount, too
    #[arg(long)]
    pub(crate) allow_other: bool,
    /// How many requests are answered at a time
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Append the log to this file, instead of the terminal (-f) or the system's log
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Csv {
    Cqlsh,
    Rfc4180,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaFiles {
    /// A file of CREATE statements to use instead of the schema that is found; can be given several times
    #[arg(long = "schema", value_name = "FILE.cql")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Now {
    /// Read as of this time, which decides what has expired: seconds since the epoch or 2024-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_now)]
    pub(crate) now: Option<i64>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
ALLOW FILTERING is never needed. Text values stand in single quotes, as in CQL.

Examples:
  sstablefs query data \"SELECT * FROM shop.orders WHERE id = 7\"
  sstablefs query data \"SELECT customer, sum(total) FROM shop.orders GROUP BY customer\" -o csv
  sstablefs query data -e \"SELECT JSON * FROM shop.orders LIMIT 3\"
  sstablefs query data \"SELECT * FROM shop.orders WHERE total > 20\" --explain
  sstablefs query node1/data node2/data \"SELECT * FROM shop.orders\" -o jsonl > all.jsonl")]
#[command(override_usage = "sstablefs query [OPTIONS] <DATA>... <SELECT>")]
pub(crate) struct Query {
    /// Data directories, or parts of them; and, unless -e or -f has it, a CQL SELECT at the end
    #[arg(required = true, value_name = "DATA")]
    pub(crate) words: Vec<OsString>,
    /// The SELECT, as cqlsh takes it
    #[arg(short, long, value_name = "SELECT", conflicts_with = "file")]
    pub(crate) execute: Option<String>,
    /// A file with the SELECT, as cqlsh takes it; - is the standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = QueryOutput::Table)]
    pub(crate) output: QueryOutput,
    /// Print what would be read instead of reading it: as text, or as JSON with --output json
    #[arg(long)]
    pub(crate) explain: bool,
    /// How CSV is quoted: cqlsh escapes with a backslash, rfc4180 doubles quotes
    #[arg(long, value_enum, default_value_t = Csv::Cqlsh)]
    pub(crate) csv: Csv,
    #[command(flatten)]
    pub(crate) schema: SchemaFiles,
    #[command(flatten)]
    pub(crate) time: Now,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryOutput {
    /// An array of objects
    Json,
    /// An object a line
    Jsonl,
    Csv,
    /// As cqlsh prints it
    Table,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The flags and the output are those of Cassandra's sstabledump; nothing is written beside the SSTable.

Examples:
  sstablefs sstabledump data/ks/t-1b25/nb-1-big-Data.db
  sstablefs sstabledump nb-1-big-Data.db -l -t -k key1 key2")]
pub(crate) struct Sstabledump {
    /// The Data.db file of an SSTable
    #[arg(value_name = "FILE-Data.db")]
    pub(crate) file: PathBuf,
    /// One line a row, with internal names
    #[arg(short = 'd')]
    pub(crate) debug: bool,
    /// Only the partition keys
    #[arg(short = 'e')]
    pub(crate) keys_only: bool,
    /// Only these partitions
    #[arg(short = 'k', value_name = "KEY", num_args = 1.., allow_negative_numbers = true)]
    pub(crate) keys: Vec<String>,
    /// Without these partitions
    #[arg(short = 'x', value_name = "KEY", num_args = 1.., allow_negative_numbers = true)]
    pub(crate) excluded: Vec<String>,
    /// One line of JSON a partition
    #[arg(short = 'l')]
    pub(crate) lines: bool,
    /// Times as numbers instead of dates
    #[arg(short = 't')]
    pub(crate) raw_times: bool,
    #[command(flatten)]
    pub(crate) time: Now,
}

#[derive(Debug, Args)]
#[command(after_help = "\
CSV has a header; JSON is what SELECT JSON prints, one object a line or in an array; both may have the fields [timestamp] \
(microseconds) and [ttl] (seconds). sstabledump's JSON keeps all timestamps, TTLs and tombstones.
Absent fields are left alone, a JSON null deletes.

Examples:
  sstablefs import /var/lib/cassandra/data shop.orders new.csv
  sstablefs import data shop.orders a.jsonl b.jsonl --out /srv/new
  nodetool import shop orders /srv/new/shop/orders                 which loads them
  sstablefs sstabledump -l nb-1-big-Data.db | sstablefs import data shop.orders -")]
pub(crate) struct Import {
    /// A data directory, or a part of it
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// The table that the rows are of
    #[arg(value_name = "KEYSPACE.TABLE")]
    pub(crate) table: String,
    /// Files to take in; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Write to DIR/KEYSPACE/TABLE instead of the table's own folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Version of the SSTables; else that of the table's newest, or oa
    #[arg(long, value_enum)]
    pub(crate) format: Option<SstableFormat>,
    /// What the files are, when their names don't tell
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) input: Option<ImportFormat>,
    /// Memory for rows that wait to be sorted
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) memtable: u32,
    /// Begin another SSTable when one has so much data
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_size: Option<u32>,
    /// Microseconds since the epoch, of rows that say none; else now
    #[arg(long, value_name = "MICROS", allow_negative_numbers = true)]
    pub(crate) timestamp: Option<i64>,
    /// An empty field of CSV deletes what is there
    #[arg(long)]
    pub(crate) null_deletes: bool,
    /// How CSV is quoted; else it is found out
    #[arg(long, value_enum)]
    pub(crate) csv: Option<Csv>,
    /// The form of the output: the new Data.db files, a line each, or an object about them
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    pub(crate) output: Form,
    #[command(flatten)]
    pub(crate) schema: SchemaFiles,
    #[command(flatten)]
    pub(crate) time: Now,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SstableFormat {
    Nb,
    Oa,
    Da,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    Csv,
    Json,
    /// What sstabledump prints
    Dump,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sstablefs schema /var/lib/cassandra/data > schema.cql
  sstablefs schema /var/lib/cassandra/data/shop
  sstablefs schema -o json /var/lib/cassandra/data | jq -r '.[].table'     all tables")]
pub(crate) struct Schema {
    /// Data directories, or parts of them
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) schema: SchemaFiles,
    /// Also what DESCRIBE leaves out: table ids and dropped columns
    #[arg(long)]
    pub(crate) internals: bool,
    /// Also the keyspaces that Cassandra makes itself
    #[arg(long)]
    pub(crate) full: bool,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    pub(crate) output: Form,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sstablefs info /var/lib/cassandra/data/shop         on a terminal: times and histograms as bars
  sstablefs info -o text nb-1-big-Data.db             all fields, as sstablemetadata prints them
  sstablefs info -s nb-1-big-Data.db                  and its largest partitions
  sstablefs info -o html /var/lib/cassandra/data/shop > shop.html      the same as plots
  sstablefs info /var/lib/cassandra/data/shop/orders-1b25 -o json | jq '.sstables[].total_rows'")]
pub(crate) struct Info {
    /// A Data.db file, a table's folder, a keyspace's, a data directory
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The form of the output; else bars on a terminal, and text elsewhere and with -s
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<Output>,
    /// Read all rows, too: counts, and the partitions with the most rows, bytes and tombstones
    #[arg(short, long)]
    pub(crate) scan: bool,
    /// Seconds that tombstones are kept, for the estimate of those that could be dropped
    #[arg(short, long, visible_alias = "gc_grace_seconds", value_name = "SECONDS", default_value_t = 0)]
    pub(crate) gc_grace_seconds: i64,
    /// Colors in the text, as sstablemetadata has them
    #[arg(short, long)]
    pub(crate) colors: bool,
    /// Histograms of the text in block elements of Unicode
    #[arg(short, long)]
    pub(crate) unicode: bool,
    /// What the clients' timestamps count; Cassandra's own are microseconds
    #[arg(short, long, visible_alias = "timestamp_unit", value_enum, ignore_case = true, value_name = "UNIT")]
    pub(crate) timestamp_unit: Option<TimestampUnit>,
    #[command(flatten)]
    pub(crate) time: Now,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimestampUnit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Days,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Reads everything, changes nothing and needs no schema. Ends with 0 when all SSTables are sound and with 1 when one is \
damaged or can't be read. The letters of the options are those of Cassandra's sstableverify.

Examples:
  sstablefs verify /var/lib/cassandra/data
  sstablefs verify -q nb-1-big-Data.db
  sstablefs verify data/shop -o json | jq '.[] | select(.status != \"ok\") | .file'")]
pub(crate) struct Verify {
    /// A Data.db file, a table's folder, a keyspace's, a data directory
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only checksums and indexes: decode no rows
    #[arg(short, long)]
    pub(crate) quick: bool,
    /// Also decode all rows, which is done anyway
    #[arg(short, long, conflicts_with = "quick")]
    pub(crate) extended: bool,
    /// Tell what each SSTable is, and of each partition where it begins
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// sstableverify's -r, which marks damaged SSTables as not repaired: here no file is changed
    #[arg(short = 'r', long, visible_alias = "mutate_repair_status")]
    pub(crate) mutate_repair_status: bool,
    /// sstableverify does nothing without it; here nothing is risked
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Of sstableverify, for stack traces
    #[arg(long, hide = true)]
    pub(crate) debug: bool,
    /// Only the latest versions, oa and da, are sound
    #[arg(short, long = "check_version")]
    pub(crate) check_version: bool,
    /// Partitions have to be behind the first token, and not behind the second; can be given several times
    #[arg(short, long = "token_range", value_name = "LEFT,RIGHT", value_parser = parse_range, allow_hyphen_values = true)]
    pub(crate) token_ranges: Vec<(i64, i64)>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = VerifyOutput::Text)]
    pub(crate) output: VerifyOutput,
    #[command(flatten)]
    pub(crate) schema: SchemaFiles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyOutput {
    Text,
    Json,
}

fn parse_range(text: &str) -> Result<(i64, i64), String> {
    let parts = text.split_once(',').ok_or("two tokens with a comma between them are needed")?;
    let token =
        |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{text:?} is not a token of Murmur3Partitioner"));
    Ok((token(parts.0)?, token(parts.1)?))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// All fields of each SSTable, as sstablemetadata prints them
    Text,
    /// All fields, with numbers and times as they are stored
    Json,
    /// When the SSTables were written, partition sizes, cells and tombstones as bars
    Bars,
    /// The same as plots, on one page of HTML
    Html,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sstabledump_takes_what_cassandras_takes() {
        let args = ["sstablefs", "sstabledump", "x-Data.db", "-k", "a", "b", "-lt", "-x", "c", "-x", "-5"];
        let cli = Cli::try_parse_from(args).unwrap();
        let Command::Sstabledump(dump) = cli.command else { panic!("{cli:?}") };
        assert_eq!(dump.keys, ["a", "b"]);
        assert_eq!(dump.excluded, ["c", "-5"]);
        assert!(dump.lines && dump.raw_times && !dump.debug);
    }

    #[test]
    fn the_other_tools_flags_are_taken() {
        for words in [
            "sstableverify -e -v -r -f -c -t 1,2 -t -5,7 x",
            "sstableverify -evrfc x",
            "sstableverify -q x",
            "sstableverify --extended --verbose --mutate_repair_status --force --check_version --token_range 1,2 --debug x",
            "sstablemetadata -c -u -s -t MILLISECONDS -g 5 x y",
            "sstablemetadata -cus x",
            "sstablemetadata --colors --unicode --scan --timestamp_unit SECONDS --gc_grace_seconds 5 x",
        ] {
            let args = ["sstablefs"].into_iter().chain(words.split(' '));
            assert!(Cli::try_parse_from(args).is_ok(), "{words}");
        }
        for words in ["sstableverify -e -q x", "sstableverify -t 1 x", "sstablemetadata -t FORTNIGHTS x"] {
            let args = ["sstablefs"].into_iter().chain(words.split(' '));
            assert_eq!(Cli::try_parse_from(args).unwrap_err().exit_code(), 2, "{words}");
        }
    }

    #[test]
    fn the_last_path_is_the_mountpoint() {
        let cli = Cli::try_parse_from(["sstablefs", "mount", "a", "b", "m"]).unwrap();
        let Command::Mount(mount) = cli.command else { panic!("{cli:?}") };
        assert_eq!(mount.data, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(mount.mountpoint, PathBuf::from("m"));
        assert_eq!(Cli::try_parse_from(["sstablefs", "mount", "a"]).unwrap_err().exit_code(), 2);
    }
}
