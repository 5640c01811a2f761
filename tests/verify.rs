//! The verifier: what Cassandra wrote is sound.

mod data;

use sstablefs::schema::Table;
use sstablefs::sstable::{Component, Fault, VerifyOptions, Version, Watch, verify};

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

/// The options of the table decide whether a summary is right: another interval is one that Cassandra refuses.
#[test]
fn a_summary_of_another_interval_is_a_fault() {
    let descriptor = data::sstables().into_iter().find(|d| d.version == Version::OA).unwrap();
    let mut table = Table::new("ks", "t");
    for (interval, faults) in [("128", 0), ("129", 1)] {
        table.options.insert("min_index_interval".to_owned(), interval.to_owned());
        let mut found = Found::default();
        verify(&descriptor, Some(&table), &VerifyOptions::default(), &mut found);
        let components: Vec<Component> = found.faults.iter().map(|fault| fault.component).collect();
        assert_eq!(components, vec![Component::Summary; faults], "{interval}: {:?}", found.faults);
    }
}
