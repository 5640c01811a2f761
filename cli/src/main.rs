//! The `sstablefs` command: arguments, output and exit codes. 0 is success, 1 an error, 2 wrong use.

#![forbid(unsafe_code)]

mod args;
mod dump;
mod dump_slices;
mod import;
mod in_order;
mod info;
mod packaging;
mod progress;
mod query;
mod schema;
mod system;
mod time;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use sstablefs::ingest::TargetOptions;
use sstablefs::table::Options;
use sstablefs_mount::MountOptions;

use args::{Cli, Command, Csv, Mount, SchemaFiles};

/// Why a command failed.
enum Failure {
    /// Said on stderr.
    Error(sstablefs::Error),
    /// The output could not be written.
    Output(io::Error),
    /// A command was used in a wrong way.
    Use { command: &'static str, message: &'static str },
    /// Said already.
    Told,
}

impl From<sstablefs::Error> for Failure {
    fn from(error: sstablefs::Error) -> Self {
        Failure::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    system::raise_file_limit();
    let result = match cli.command {
        Command::Mount(args) => mount(args),
        Command::Sstabledump(args) => dump::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Completions(args) => packaging::completions(&args),
        Command::Man(args) => packaging::man(&args),
        Command::Verify(args) => verify::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough, as head does.
        Err(Failure::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(e)) => {
            tell(&format!("sstablefs: the output can't be written: {e}"));
            ExitCode::FAILURE
        }
        Err(Failure::Error(e)) => {
            tell(&format!("sstablefs: {e}"));
            ExitCode::FAILURE
        }
        Err(Failure::Use { command, message }) => {
            let mut cli = Cli::command();
            cli.build();
            let command = cli.find_subcommand_mut(command).cloned().unwrap_or(cli);
            command.clone().error(ErrorKind::MissingRequiredArgument, message).exit()
        }
        Err(Failure::Told) => ExitCode::FAILURE,
    }
}

/// A line on stderr. When nobody reads that, the work goes on all the same.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn options(schema: &SchemaFiles) -> Options {
    Options { schema: schema.files.clone() }
}

fn mount(args: Mount) -> Result<(), Failure> {
    sstablefs_mount::mount(MountOptions {
        data: args.data,
        mountpoint: args.mountpoint,
        foreground: args.foreground,
        schema: args.schema.files,
        now: args.time.now,
        exact_sizes: args.exact_sizes,
        read_only: args.read_only,
        target: TargetOptions { out: args.out, version: args.format.map(import::version) },
        memtable: (args.memtable as usize).saturating_mul(1 << 20),
        null_deletes: args.null_deletes,
        csv_rfc4180: args.csv == Csv::Rfc4180,
        allow_other: args.allow_other,
        threads: args.threads,
        log: args.log,
    })?;
    Ok(())
}
