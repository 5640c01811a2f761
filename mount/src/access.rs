//! Who may read what is made of files: only those who may read each of these, and reach it.
//!
//! A file of the mount has one owner, one group and one mode, as any; what it is made of may have many. [`Permissions::of`]
//! finds the one that lets in as many as it can of those who may read all, and nobody else.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The extended attribute of a file with more rights than its mode tells.
const ACL: &str = "system.posix_acl_access";

/// Bits of a [`Limit`], as the last three of a mode.
const READ: u32 = 4;
const SEARCH: u32 = 1;

/// What a file or folder demands of those who read what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit {
    uid: u32,
    gid: u32,
    /// Whether it lets in its owner, its group, the others.
    owner: bool,
    group: bool,
    others: bool,
}

impl Limit {
    /// For what can't be told: its owner, root, may.
    pub const CLOSED: Limit = Limit { uid: 0, gid: 0, owner: true, group: false, others: false };

    /// `bits` are all needed. An access control list may refuse some whom the mode lets in: with one, only the owner is.
    fn new(path: &Path, metadata: &Metadata, bits: u32) -> Limit {
        Limit::by_mode(metadata, bits).unless(|| matches!(rustix::fs::lgetxattr_query(path, ACL), Ok(1..)))
    }

    fn by_mode(metadata: &Metadata, bits: u32) -> Limit {
        let has = |shift: u32| metadata.mode() >> shift & bits == bits;
        Limit { uid: metadata.uid(), gid: metadata.gid(), owner: has(6), group: has(3), others: has(0) }
    }

    fn unless(self, has_list: impl FnOnce() -> bool) -> Limit {
        if self.is_private() || !has_list() { self } else { Limit { group: false, others: false, ..self } }
    }

    /// Of a file that is read.
    pub fn reading(path: &Path, metadata: &Metadata) -> Limit {
        Limit::new(path, metadata, READ)
    }

    /// Of a file that is read, without a look for an access control list. The same for [`Permissions::of`] where something else
    /// that is read or leads there [is private](Self::is_private): a list only keeps out group and others, who are kept out
    /// already, and the owner of content never counts as one of them.
    pub fn reading_by_mode(metadata: &Metadata) -> Limit {
        Limit::by_mode(metadata, READ)
    }

    /// Of a folder whose names are shown, and in which files are opened.
    pub fn listing(path: &Path, metadata: &Metadata) -> Limit {
        Limit::new(path, metadata, READ | SEARCH)
    }

    /// Of a folder on the way; `None` when it lets everybody through, or is gone.
    pub fn passing(path: &Path) -> Option<Limit> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Some(Limit::new(path, &metadata, SEARCH)).filter(|limit| !limit.is_open()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(_) => Some(Limit::CLOSED),
        }
    }

    /// Whether it lets in nobody but its owner.
    pub fn is_private(&self) -> bool {
        !self.group && !self.others
    }

    fn is_open(&self) -> bool {
        self.owner && self.group && self.others
    }

    /// Whether it lets somebody in who is not its owner, and of whose groups nothing is known.
    fn admits_any(&self) -> bool {
        self.group && self.others
    }
}

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number of the user.
    pub uid: u32,
    /// The numbers of the groups that the user is in; the first is that of new files.
    pub groups: Vec<u32>,
}

impl Person {
    /// Who runs this process.
    pub fn own() -> Person {
        let mut groups = rustix::process::getgroups().unwrap_or_default();
        groups.push(rustix::process::getegid());
        let groups = groups.into_iter().map(rustix::process::Gid::as_raw).collect();
        Person { uid: rustix::process::geteuid().as_raw(), groups }
    }

    /// Who runs a process, as the kernel tells of a request. Of a process that can't be seen only `gid` counts.
    pub fn of_process(uid: u32, gid: u32, process: u32) -> Person {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let more = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
        let more = more.split_whitespace().filter_map(|group| group.parse().ok());
        Person { uid, groups: std::iter::once(gid).chain(more).collect() }
    }
}

/// Whom a file belongs to, and what its mode lets whom do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// The nine bits of `rwxrwxrwx`.
    pub mode: u16,
}

impl Permissions {
    /// Of a file that tells nothing: everybody.
    pub fn open_to_all(me: &Person) -> Permissions {
        Permissions { uid: me.uid, gid: me.groups.last().copied().unwrap_or(0), mode: 0o444 }
    }

    /// To read what is made of others: `content` is what is read, and gives the owner and group where it agrees on them; `way` what leads there. `me`, for
    /// whom it is read, may read it in any case.
    pub fn of(content: &[Limit], way: &[Limit], me: &Person) -> Permissions {
        let agreed = |id: fn(&Limit) -> u32| {
            let first = id(content.first()?);
            content.iter().all(|limit| id(limit) == first).then_some(first)
        };
        let gid = agreed(|limit| limit.gid).unwrap_or(me.groups.last().copied().unwrap_or(0));
        let limits = || content.iter().chain(way);
        let with_owner = |uid: u32, owner: bool| {
            // Who is not this owner may be that of another.
            let mine = |limit: &Limit| limit.uid == uid || limit.owner;
            let group = |limit: &Limit| if limit.gid == gid { limit.group } else { limit.admits_any() };
            let others = |limit: &Limit| if limit.gid == gid { limit.others } else { limit.admits_any() };
            let group = limits().all(|limit| mine(limit) && group(limit));
            let others = limits().all(|limit| mine(limit) && others(limit));
            let bit = |bit: u16, set: bool| if set { bit } else { 0 };
            Permissions { uid, gid, mode: bit(0o400, owner) | bit(0o040, group) | bit(0o004, others) }
        };
        let access = agreed(|limit| limit.uid).map(|uid| {
            let owner = limits().all(|limit| if limit.uid == uid { limit.owner } else { limit.admits_any() });
            with_owner(uid, owner)
        });
        access.filter(|access| access.admits(me)).unwrap_or_else(|| with_owner(me.uid, true))
    }

    /// Whether somebody may read it.
    pub fn admits(&self, person: &Person) -> bool {
        self.allow(person, 4)
    }

    /// Whether the kernel lets somebody do all of `bits`, which are the last three of a mode. Root may do all.
    pub fn allow(&self, person: &Person, bits: u16) -> bool {
        let shift = match person {
            Person { uid: 0, .. } => return true,
            Person { uid, .. } if *uid == self.uid => 6,
            Person { groups, .. } if groups.contains(&self.gid) => 3,
            _ => 0,
        };
        self.mode >> shift & bits == bits
    }

    /// Whether all whom `other` admits are admitted here, too.
    pub fn covers(&self, other: &Permissions, me: &Person) -> bool {
        let same = (self.uid, self.gid) == (other.uid, other.gid) && self.mode & other.mode == other.mode;
        let only_me = other.uid == me.uid && other.mode & 0o044 == 0;
        same || only_me || self.mode == 0o444
    }

    /// The permissions of a folder: who may read it may enter it.
    pub fn folder_mode(&self) -> u16 {
        self.mode | self.mode >> 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(uid: u32, gid: u32, bits: u32) -> Limit {
        Limit { uid, gid, owner: bits & 4 != 0, group: bits & 2 != 0, others: bits & 1 != 0 }
    }

    fn lets_in(limit: &Limit, person: &Person) -> bool {
        match person {
            Person { uid, .. } if *uid == limit.uid => limit.owner,
            Person { groups, .. } if groups.contains(&limit.gid) => limit.group,
            _ => limit.others,
        }
    }

    /// All people of four users in any of three groups.
    fn people() -> impl Iterator<Item = Person> {
        (1..5).flat_map(|uid| {
            (0..8u32)
                .map(move |set| Person { uid, groups: (0..3).filter(|i| set >> i & 1 == 1).map(|i| 10 + i).collect() })
        })
    }

    #[test]
    fn nobody_reads_more_than_before() {
        let each =
            || (1..4).flat_map(|uid| (10..12).flat_map(move |gid| (0..8).map(move |bits| limit(uid, gid, bits))));
        let way = [limit(2, 11, 5), limit(3, 10, 7)];
        let mut admitted = 0;
        for (first, second) in each().flat_map(|first| each().map(move |second| (first, second))) {
            for way in [&way[..0], &way[..1], &way[..]] {
                for me in [Person { uid: 0, groups: vec![0] }, Person { uid: 4, groups: vec![10] }] {
                    let access = Permissions::of(&[first, second], way, &me);
                    assert!(access.admits(&me));
                    for person in people().filter(|person| person.uid != me.uid && access.admits(person)) {
                        admitted += 1;
                        let all = [first, second].iter().chain(way).all(|limit| lets_in(limit, &person));
                        assert!(all, "{person:?} of {access:?} made of {first:?} {second:?} {way:?}");
                    }
                }
            }
        }
        assert!(admitted > 1_000, "{admitted}");
    }

    /// What [`Limit::reading_by_mode`] rests on.
    #[test]
    fn a_list_takes_nothing_more_where_something_is_private() {
        let each =
            || (1..4).flat_map(|uid| (10..12).flat_map(move |gid| (0..8).map(move |bits| limit(uid, gid, bits))));
        let mut compared = 0;
        for (private, listed) in each().filter(Limit::is_private).flat_map(|p| each().map(move |l| (p, l))) {
            let kept_out = listed.unless(|| true);
            for me in [Person { uid: 0, groups: vec![0] }, Person { uid: 1, groups: vec![11] }] {
                for other in each() {
                    let of = |content: &[Limit], way: &[Limit]| Permissions::of(content, way, &me);
                    assert_eq!(of(&[private, listed, other], &[]), of(&[private, kept_out, other], &[]));
                    assert_eq!(of(&[listed, other], &[private]), of(&[kept_out, other], &[private]));
                    compared += usize::from(listed != kept_out);
                }
            }
        }
        assert!(compared > 1_000, "{compared}");
    }

    #[test]
    fn one_owner_keeps_its_mode() {
        let root = Person { uid: 0, groups: vec![0] };
        let show = |content: &[Limit], way: &[Limit], me: &Person| {
            let Permissions { uid, gid, mode } = Permissions::of(content, way, me);
            format!("{uid}:{gid} {mode:o}")
        };
        for (bits, mode) in [(7, "444"), (6, "440"), (4, "400"), (0, "0"), (5, "404")] {
            assert_eq!(show(&[limit(1, 10, bits)], &[], &root), format!("1:10 {mode}"));
        }
        assert_eq!(show(&[limit(1, 10, 7), limit(1, 10, 6)], &[], &root), "1:10 440");
        assert_eq!(show(&[limit(1, 10, 7), limit(1, 11, 7)], &[], &root), "1:0 444");
        assert_eq!(show(&[limit(1, 10, 6), limit(1, 11, 6)], &[], &root), "1:0 400");
        assert_eq!(show(&[limit(1, 10, 6), limit(2, 10, 6)], &[], &root), "0:10 440");
        assert_eq!(show(&[limit(1, 10, 4), limit(2, 10, 4)], &[], &root), "0:10 400");
        // Below a folder of the owner's, and of root's.
        assert_eq!(show(&[limit(1, 10, 7)], &[limit(1, 10, 6)], &root), "1:10 440");
        assert_eq!(show(&[limit(1, 10, 7)], &[limit(0, 0, 4)], &root), "1:10 0");
        // Who mounts it can read it, by whatever right.
        let me = Person { uid: 4, groups: vec![11] };
        assert_eq!(show(&[limit(1, 10, 6)], &[], &me), "4:10 440");
        assert_eq!(show(&[limit(1, 11, 6)], &[], &me), "1:11 440");
    }

    #[test]
    fn more_is_covered_than_less() {
        let me = Person { uid: 0, groups: vec![0] };
        let access = |uid, mode| Permissions { uid, gid: 10, mode };
        assert!(access(1, 0o440).covers(&access(1, 0o400), &me) && !access(1, 0o400).covers(&access(1, 0o440), &me));
        assert!(access(1, 0o444).covers(&access(2, 0o440), &me) && !access(1, 0o440).covers(&access(2, 0o400), &me));
        assert!(access(1, 0o400).covers(&access(0, 0o400), &me));
    }
}
