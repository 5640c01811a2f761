//! What scripts/bench measures with: each command prints one line of JSON.

mod run;

use std::process::ExitCode;

const USAGE: &str = "\
sstablefs-bench COMMAND
  run PROGRAM ARGS…      runs it with its output thrown away; seconds, user, system, rss (KiB)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["run", program, rest @ ..] => run::run(program, rest),
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
