//! The verifier: what Cassandra wrote is sound.

mod data;

use sstablefs::sstable::{Component, Fault, VerifyOptions, Watch, verify};

#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    notes: Vec<String>,
}

impl Watch for Found {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

#[test]
fn golden_cases_are_sound() {
    let (mut rows, mut wrong) = (0, 0);
    for descriptor in data::sstables() {
        let mut found = Found::default();
        let verified = verify(&descriptor, None, &VerifyOptions::default(), &mut found);
        rows += verified.rows;
        for fault in &found.faults {
            println!("{}: {fault:?}", descriptor.component(Component::Data).display());
        }
        for note in &found.notes {
            println!("{}: {note}", descriptor.component(Component::Data).display());
        }
        wrong += usize::from(!found.faults.is_empty());
        assert!(verified.partitions > 0 || !found.faults.is_empty());
    }
    assert!(wrong == 0 && rows > 1000, "{wrong} SSTables with faults, {rows} rows");
}
