//! SSTables that were written wrong, and not damaged since: their checksums are right. The verifier says what and where.

mod given;

use std::fs;

use given::{marker, partition, row, static_row, table, write};
use sstablefs::rows::BoundKind;
use sstablefs::sstable::{Component, Descriptor, Fault, VerifyOptions, Version, Watch, verify};

#[derive(Default)]
struct Found(Vec<Fault>);

impl Watch for Found {
    fn fault(&mut self, fault: Fault) {
        self.0.push(fault);
    }
    fn note(&mut self, _: String) {}
}

fn faults(descriptor: &Descriptor) -> Vec<Fault> {
    let mut found = Found::default();
    verify(descriptor, None, &VerifyOptions::default(), &mut found);
    found.0
}

/// Component and reason of each fault.
fn reasons(descriptor: &Descriptor) -> Vec<String> {
    faults(descriptor).iter().map(|f| format!("{}: {}", f.component.name(), f.reason)).collect()
}

const TEXTS: &str = "CREATE TABLE ks.t (k text, c text, s text static, v text, PRIMARY KEY (k, c));";
const INTS: &str = "CREATE TABLE ks.t (k int, c int, v int, PRIMARY KEY (k, c));";

#[test]
fn what_is_wrong_in_the_data_is_found() {
    let sound = || partition(b"a", &[row(b"1", b"x"), row(b"2", b"y")]);
    for (what, partitions, expected) in [
        ("sound", vec![sound()], None),
        (
            "order",
            vec![sound(), partition(b"b", &[row(b"2", b"x"), row(b"1", b"y")])],
            Some("Data.db: a row or range tombstone that is not behind the one before"),
        ),
        (
            "twice",
            vec![partition(b"b", &[row(b"2", b"x"), row(b"2", b"y")])],
            Some("Data.db: a row or range tombstone that is not behind the one before"),
        ),
        (
            "value",
            vec![partition(b"b", &[row(b"2", b"\xff")])],
            Some("Data.db: the column v: text is not UTF-8 behind its first 0 bytes"),
        ),
        (
            "clustering",
            vec![partition(b"b", &[row(b"x\xff", b"y")])],
            Some("Data.db: clustering value 1 is not of its type: text is not UTF-8 behind its first 1 bytes"),
        ),
        (
            "key",
            vec![sound(), partition(b"\xff", &[row(b"1", b"x")])],
            Some("Data.db: the key is not of its type: text is not UTF-8 behind its first 0 bytes"),
        ),
        (
            "static",
            vec![given::Partition { static_row: static_row(b"\xc3"), ..sound() }],
            Some("Data.db: the static row: the column s: text is not UTF-8 behind its first 0 bytes"),
        ),
    ] {
        for version in [Version::NB, Version::OA] {
            let folder = tempfile::tempdir().unwrap();
            let descriptor = write(folder.path(), &table(TEXTS), version, &partitions);
            let found = faults(&descriptor);
            let texts = reasons(&descriptor);
            match expected {
                None => assert_eq!(texts, [""; 0], "{what}"),
                Some(expected) => {
                    let at = texts.iter().position(|text| text == expected);
                    let at = at.unwrap_or_else(|| panic!("{what}: {texts:#?}"));
                    assert!(found[at].key.is_some() && found[at].offset.is_some(), "{what}: {:?}", found[at]);
                }
            }
        }
    }
}

/// A marker's kind is one byte of the data: another kind, and its range has no beginning or no end.
#[test]
fn ranges_that_do_not_begin_or_end_are_found() {
    let number = |c: i32| c.to_be_bytes();
    let items = [
        marker(BoundKind::InclusiveStart, &number(1)),
        row(&number(2), &number(7)),
        marker(BoundKind::InclusiveEnd, &number(3)),
    ];
    let place = |c: u8, kind: BoundKind| [2, kind as u8, 0, 1, 0, 0, 0, 0, c];
    for (c, from, to, expected) in [
        (1, BoundKind::InclusiveStart, BoundKind::ExclusiveEnd, vec!["a range tombstone ends that did not begin"; 2]),
        (
            3,
            BoundKind::InclusiveEnd,
            BoundKind::ExclusiveStart,
            vec!["a range tombstone begins inside of another", "a range tombstone does not end within its partition"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let descriptor = write(folder.path(), &table(INTS), Version::OA, &[partition(&number(1), &items)]);
        assert_eq!(reasons(&descriptor), [""; 0]);
        let path = descriptor.component(Component::Data);
        let mut bytes = fs::read(&path).unwrap();
        let pattern = place(c, from);
        let at = bytes.windows(pattern.len()).position(|part| part == pattern).unwrap();
        bytes[at + 1] = to as u8;
        fs::write(&path, bytes).unwrap();
        // With the sums of the damaged data: as if it had been written so.
        fs::remove_file(descriptor.component(Component::Crc)).unwrap();
        let found = faults(&descriptor);
        let texts: Vec<&str> =
            found.iter().filter(|f| f.component == Component::Data && f.key.is_some()).map(|f| &*f.reason).collect();
        assert_eq!(texts, expected);
    }
}

/// What an index of a few partitions says is needed: no byte of it can change unseen. (Some of its bits can: those of
/// clustering columns that the table does not have, and of a byte that says yes when it is not 0.)
#[test]
fn no_byte_of_an_index_changes_unseen() {
    let number = |c: i32| c.to_be_bytes();
    let partitions: Vec<_> = (0..5)
        .map(|k| {
            let mut items = Vec::new();
            for c in 0..k {
                items.push(marker(BoundKind::InclusiveStart, &number(c * 2)));
                items.push(row(&number(c * 2), &number(c)));
                items.push(marker(BoundKind::InclusiveEnd, &number(c * 2 + 1)));
            }
            items.push(row(&number(1000), &number(k)));
            partition(&number(k), &items)
        })
        .collect();
    for version in [Version::NB, Version::OA] {
        let folder = tempfile::tempdir().unwrap();
        let descriptor = write(folder.path(), &table(INTS), version, &partitions);
        assert_eq!(reasons(&descriptor), [""; 0]);
        for component in [Component::Index, Component::Summary] {
            let path = descriptor.component(component);
            let sound = fs::read(&path).unwrap();
            let mut said = std::collections::BTreeSet::new();
            for at in 0..sound.len() {
                let mut bytes = sound.clone();
                bytes[at] ^= 1;
                fs::write(&path, bytes).unwrap();
                let found = faults(&descriptor);
                assert!(!found.is_empty(), "{version} {}: byte {at} is not seen", component.name());
                let of_index = |f: &Fault| matches!(f.component, Component::Index | Component::Data);
                let right =
                    |f: &Fault| f.component == Component::Summary || component == Component::Index && of_index(f);
                assert!(found.iter().all(right), "{version} {}: {at}: {found:?}", component.name());
                said.extend(
                    found.into_iter().map(|f| f.reason.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()),
                );
            }
            fs::write(&path, &sound).unwrap();
            let parts: &[&str] = match component {
                Component::Index => &[
                    "a lookup of the first row of the block",
                    "has another range tombstone open at its end than the rows",
                    "begins or ends with another clustering than its rows",
                    "the head of the partition has",
                ],
                _ => &[
                    "of Index.db, where no entry begins",
                    "has another key than the entry of the index",
                    "its first key is not the first of the index",
                    "its last key is not the last of the index",
                ],
            };
            for part in parts {
                assert!(said.iter().any(|text| text.contains(part)), "{version}: nothing says {part:?} of {said:#?}");
            }
        }
    }
}
