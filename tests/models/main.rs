//! The engine against plain models, at random: `merge` has what a read shows of any mutations, spread over any SSTables, and
//! `roundtrip` that what is written of any table is what is read.
//!
//! SSTABLEFS_MODEL_CASES is the number of cases of each test, SSTABLEFS_MODEL_SEED a number or `random`. A failure is shrunk and
//! printed with its seed.

mod choices;
mod merge;
mod mutation;
mod reference;
mod roundtrip;
mod runner;
mod sstables;
