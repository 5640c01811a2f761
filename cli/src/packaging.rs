//! What packages and shells take from the command itself: `sstablefs completions` and `sstablefs man`.

use std::fs;
use std::io::{self, Write};

use clap::CommandFactory;
use sstablefs::Error;

use crate::Failure;
use crate::args::{Cli, Completions, Man};

const NAME: &str = "sstablefs";

pub(crate) fn completions(args: &Completions) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut text);
    Ok(io::stdout().lock().write_all(&text)?)
}

/// Writes `sstablefs.1` and `sstablefs-COMMAND.1` for each command.
pub(crate) fn man(args: &Man) -> Result<(), Failure> {
    let mut cli = Cli::command().disable_help_subcommand(true).disable_help_flag(true);
    cli.build();
    let commands = cli.get_subcommands().filter(|command| !command.is_hide_set());
    let pages = commands.map(|command| (format!("{NAME}-{}", command.get_name()), command.clone()));
    let pages: Vec<_> = pages.chain([(NAME.to_owned(), cli.clone())]).collect();
    for (title, command) in pages {
        let mut text = Vec::new();
        // clap_mangen wants names that live as long as the program.
        let command = command.display_name(title.clone());
        clap_mangen::Man::new(command).title(title.to_uppercase()).render(&mut text)?;
        let text = unfilled(&String::from_utf8_lossy(&text));
        let path = args.folder.join(format!("{title}.1"));
        fs::write(&path, text).map_err(|e| Error::io(e, path))?;
    }
    Ok(())
}

/// Keeps the lines of the examples as they are: roff would fill them.
fn unfilled(page: &str) -> String {
    let Some((before, examples)) = page.split_once("\n.SH EXTRA\n") else { return page.to_owned() };
    let (examples, behind) = examples.split_once("\n.SH ").map_or((examples, None), |(a, b)| (a, Some(b)));
    let behind = behind.map_or(String::new(), |behind| format!(".SH {behind}"));
    format!("{before}\n.SH EXAMPLES AND NOTES\n.nf\n{}\n.fi\n{behind}", examples.trim_end())
}
