//! Runs a property on random values, from a seed that can be given again.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

const SEED: u64 = 800;

/// Calls `check` with `cases` values, unless the environment says how many.
pub(crate) fn run<S: Strategy>(name: &str, cases: u32, strategy: &S, check: impl Fn(S::Value) -> Result<(), String>)
where
    S::Value: Debug,
{
    let variable = |name: &str| std::env::var(name).ok();
    let cases = variable("SSTABLEFS_MODEL_CASES").map_or(cases, |text| text.parse().expect("a number of cases"));
    let seed = match variable("SSTABLEFS_MODEL_SEED").as_deref() {
        None => SEED,
        Some("random") => SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock behind 1970").as_micros() as u64,
        Some(text) => text.parse().expect("SSTABLEFS_MODEL_SEED is a number or `random`"),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, max_shrink_iters: 4000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(strategy, |value| check(value).map_err(TestCaseError::fail));
    if let Err(e) = result {
        panic!("{name}: SSTABLEFS_MODEL_SEED={seed} SSTABLEFS_MODEL_CASES={cases}: {e}");
    }
    println!("{name}: {cases} cases, seed {seed}");
}
