//! What scripts/bench measures with: each command prints one line of JSON.

mod empty;
mod files;
mod lookup;
mod run;

use std::process::ExitCode;

const USAGE: &str = "\
sstablefs-bench COMMAND
  run PROGRAM ARGS…                                 runs it, its output thrown away: seconds, user, system, rss (KiB)
  opens FOLDER NAMES ROUNDS                         opens, reads and closes the files that NAMES lists: nanoseconds of one
  list FOLDER                                       lists it: seconds
  lookup DATA SCHEMA TABLE KEYS row|all ROUNDS      reads partitions with the engine: nanoseconds of one
  empty MOUNTPOINT NAMES SMALL BIG                  serves a file system of nothing: so many names, bytes of small and big files";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["run", program, rest @ ..] => run::run(program, rest),
        ["opens", folder, names, rounds] => files::opens(folder, names, rounds),
        ["list", folder] => files::list(folder),
        ["lookup", data, schema, table, keys, part, rounds] => lookup::lookup(data, schema, table, keys, part, rounds),
        ["empty", mountpoint, names, small, big] => empty::serve(mountpoint, names, small, big),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("sstablefs-bench: {e}");
            ExitCode::FAILURE
        }
    }
}

/// What a command prints, or why it could not.
type Outcome = Result<serde_json::Value, Box<dyn std::error::Error>>;
