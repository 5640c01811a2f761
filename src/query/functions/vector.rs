//! How alike two vectors of floats are. Follows org.apache.cassandra.cql3.functions.VectorFcts.

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) enum Similarity {
    Cosine,
    Euclidean,
    DotProduct,
}

impl Similarity {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "similarity_cosine" => Similarity::Cosine,
            "similarity_euclidean" => Similarity::Euclidean,
            "similarity_dot_product" => Similarity::DotProduct,
            _ => return None,
        })
    }

    pub(super) fn compare(self, a: &[u8], b: &[u8]) -> Result<f32> {
        let floats =
            |bytes: &[u8]| -> Vec<f32> { bytes.as_chunks().0.iter().map(|b| f32::from_be_bytes(*b)).collect() };
        let (a, b) = (floats(a), floats(b));
        let sum = |of: fn(f32, f32) -> f32| a.iter().zip(&b).fold(0f32, |sum, (a, b)| sum + of(*a, *b));
        Ok(match self {
            Similarity::Euclidean => 1.0 / (1.0 + sum(|a, b| (a - b) * (a - b))),
            Similarity::DotProduct => (1.0 + sum(|a, b| a * b)) / 2.0,
            Similarity::Cosine => {
                if a.iter().all(|a| *a == 0.0) || b.iter().all(|b| *b == 0.0) {
                    return Err(Error::invalid("similarity_cosine is not defined for vectors of zeros"));
                }
                let (norm_a, norm_b) = (sum(|a, _| a * a), sum(|_, b| b * b));
                let cosine = f64::from(sum(|a, b| a * b)) / (f64::from(norm_a) * f64::from(norm_b)).sqrt();
                (1.0 + cosine as f32) / 2.0
            }
        })
    }
}
