//! Percent-encoding of what can't stand in a file name.

/// Appends `text` encoded. What stays is UTF-8 as it was.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
    // A text that ends as a long name does must not be taken for one.
    let tilde = token_suffix(text).and_then(|_| text.rfind('~'));
    for (at, c) in text.char_indices() {
        let special = matches!(c, '/' | '%') || c.is_control() || c == '.' && at == 0 || Some(at) == tilde;
        let mut utf8 = [0; 4];
        let bytes = c.encode_utf8(&mut utf8).as_bytes();
        if special {
            for &b in bytes {
                out.extend_from_slice(format!("%{b:02X}").as_bytes());
            }
        } else {
            out.extend_from_slice(bytes);
        }
    }
}

/// The inverse; also takes encoded characters that need not be. `None` for what no text encodes to.
pub(super) fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let digit = |i: usize| char::from(*after.get(i)?).to_digit(16);
        bytes.push((digit(0)? << 4 | digit(1)?) as u8);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

/// The token at the end of a long name: a '~' and a decimal number as it is printed.
pub(super) fn token_suffix(name: &str) -> Option<i128> {
    let (_, digits) = name.rsplit_once('~')?;
    let number = digits.parse::<i128>().ok()?;
    (number.to_string() == digits).then_some(number)
}

/// The longest length up to `room` at which encoded bytes may be cut: not within a character nor its %XX.
pub(super) fn fit(encoded: &[u8], room: usize) -> usize {
    if encoded.len() <= room {
        return encoded.len();
    }
    let mut length = room;
    while length > 0 {
        let within_utf8 = encoded[length] & 0xc0 == 0x80;
        let within_percent = (1..=2).any(|back| length >= back && encoded[length - back] == b'%');
        if !within_utf8 && !within_percent {
            break;
        }
        length -= 1;
    }
    length
}
