//! A value of any type: shown, checked, compared, and put into the order of tries.
//!
//! ```text
//!   name of a type, in CQL or Java │ 0 │ bytes of two values of the same length
//! ```

use sstablefs::cql::{Comparator, byte_comparable, java, names, parse_text, validate};
use sstablefs_render::CsvStyle;
use sstablefs_render::value::{CqlLiteral, CsvValue, JsonValue, TextValue};

pub fn run(data: &[u8]) {
    let Some(end) = data.iter().position(|&b| b == 0) else { return };
    let Ok(name) = std::str::from_utf8(&data[..end]) else { return };
    let ty = match names::parse(name, &|_| None) {
        Ok(ty) => ty,
        Err(_) => match java::parse(name) {
            Ok((ty, _)) => ty,
            Err(_) => return,
        },
    };
    let values = &data[end + 1..];
    let (a, b) = values.split_at(values.len() / 2);
    let (mut out, mut text) = (Vec::new(), Vec::new());
    for value in [a, b, values] {
        let _ = JsonValue::new(&ty).write(value, &mut out);
        let _ = CsvValue::new(&ty).write(value, false, &mut out);
        let _ = CqlLiteral::new(&ty).write(Some(value), &mut out);
        let _ = byte_comparable::value(&ty, true, Some(value), &mut out);
        out.clear();
        if TextValue::new(&ty).write(value, &mut text).is_ok() && validate(&ty, value).is_ok() {
            if let Ok(text) = std::str::from_utf8(&text) {
                let _ = parse_text(&ty, text);
            }
        }
        text.clear();
    }
    let _ = CsvStyle::default();
    if validate(&ty, a).is_ok() && validate(&ty, b).is_ok() {
        let order = Comparator::new(&ty, false);
        assert_eq!(order.compare(a, b), order.compare(b, a).reverse());
        assert!(order.compare(a, a).is_eq());
    }
}
