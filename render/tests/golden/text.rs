//! Comparison of text that Cassandra printed with ours. The only thing that may differ is how many digits a float has: JDK 17,
//! which Cassandra runs on, sometimes prints one more than are needed to read the number back (JDK-4511638).

/// Describes the first line that differs.
pub(crate) fn difference(expected: &str, got: &str) -> Option<String> {
    if expected == got {
        return None;
    }
    let (mut want, mut have) = (expected.lines(), got.lines());
    for line in 1.. {
        match (want.next(), have.next()) {
            (None, None) => break,
            (Some(want), Some(have)) if want == have || equal_but_for_digits(want, have) => {}
            (want, have) => {
                let at = want.unwrap_or("").bytes().zip(have.unwrap_or("").bytes()).take_while(|(a, b)| a == b).count();
                let part = |text: Option<&str>| match text {
                    Some(text) => {
                        let around = at.saturating_sub(60)..(at + 100).min(text.len());
                        String::from_utf8_lossy(&text.as_bytes()[around]).into_owned()
                    }
                    None => "(nothing)".to_owned(),
                };
                return Some(format!("line {line}, byte {at}:\n  expected {}\n  got      {}", part(want), part(have)));
            }
        }
    }
    (expected.ends_with('\n') != got.ends_with('\n')).then(|| "the end of the last line differs".to_owned())
}

fn equal_but_for_digits(mut a: &str, mut b: &str) -> bool {
    loop {
        let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        if common == a.len() && common == b.len() {
            return true;
        }
        // Back to where the number begins.
        let start = a.as_bytes()[..common].iter().rposition(|b| !is_number(*b)).map_or(0, |i| i + 1);
        let (number_a, rest_a) = split_number(&a[start..]);
        let (number_b, rest_b) = split_number(&b[start..]);
        if !same_float(number_a, number_b) {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
}

fn is_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'E')
}

fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|b| !is_number(b)).unwrap_or(text.len()))
}

fn same_float(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(|b| *b != b'E').filter(u8::is_ascii_digit).count();
    let is_float = |text: &str| text.contains('.') && digits(text) <= 18;
    if !is_float(a) || !is_float(b) {
        return false;
    }
    let bits = |text: &str| text.parse::<f64>().ok().map(f64::to_bits);
    let short_bits = |text: &str| text.parse::<f32>().ok().map(f32::to_bits);
    let short = digits(a) <= 10 && digits(b) <= 10;
    bits(a).is_some() && bits(a) == bits(b) || short && short_bits(a).is_some() && short_bits(a) == short_bits(b)
}

#[test]
fn only_needless_digits_may_differ() {
    assert_eq!(difference("{\"a\": 2.0E-3}\n", "{\"a\": 2.0E-3}\n"), None);
    assert_eq!(difference("[1.79814545080213197E18, \"x\"]\n", "[1.798145450802132E18, \"x\"]\n"), None);
    assert_eq!(difference("[1.17549435E-38]\n", "[1.1754944E-38]\n"), None);
    for (a, b) in
        [("1.5\n", "1.6\n"), ("15\n", "16\n"), ("a\n", "a"), ("a\nb\n", "a\n"), ("1.0\n", "1.00x\n"), ("\"1\"", "1")]
    {
        assert!(difference(a, b).is_some(), "{a:?} {b:?}");
    }
}
