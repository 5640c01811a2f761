//! A process that has no descriptors left says so. The limit is the whole process's: one test, in a program of its own.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sstablefs::storage::processes;

/// What can't be looked at is not taken for a machine without servers.
#[test]
fn without_descriptors_no_server_is_overlooked() {
    assert_eq!(processes::cassandra_of(Path::new("/no such folder")).unwrap(), processes::Server::None);
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
    let found = processes::cassandra_of(Path::new("/no such folder"));
    setrlimit(Resource::Nofile, before).unwrap();
    let error = found.unwrap_err();
    assert_eq!(error.os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()), "{error}");
}
