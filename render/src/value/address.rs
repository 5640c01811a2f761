//! UUIDs and IP addresses as text.

use sstablefs::{Error, Result};

use super::escape::hex;
use super::number::integer;

/// The usual 8-4-4-4-12 form.
pub(super) fn uuid(bytes: &[u8; 16], out: &mut Vec<u8>) {
    const LOWER: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (i, b) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = LOWER[usize::from(b >> 4)];
        text[at + 1] = LOWER[usize::from(b & 15)];
        at += 2;
    }
    out.extend_from_slice(&text);
}

fn v4(bytes: [u8; 4], out: &mut Vec<u8>) {
    for (i, &b) in bytes.iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        integer(b.into(), out);
    }
}

fn group(value: u16, out: &mut Vec<u8>) {
    let start = out.len();
    hex(&value.to_be_bytes(), out);
    let zeros = out[start..].iter().take(3).take_while(|&&b| b == b'0').count();
    out.drain(start..start + zeros);
}

fn wrong_length(bytes: &[u8]) -> Error {
    Error::corrupt(format!("a value of type inet has {} bytes instead of 4 or 16", bytes.len()))
}

fn groups(bytes: &[u8; 16]) -> [u16; 8] {
    std::array::from_fn(|i| u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]))
}

/// As Java's InetAddress.getHostAddress: all eight groups of an IPv6 address; one that maps an IPv4 address is shown
/// as that.
pub(super) fn java_inet(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        v4(four, out);
        return Ok(());
    }
    let sixteen = <&[u8; 16]>::try_from(bytes).map_err(|_| wrong_length(bytes))?;
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] = *sixteen {
        v4([a, b, c, d], out);
        return Ok(());
    }
    for (i, g) in groups(sixteen).into_iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        group(g, out);
    }
    Ok(())
}

/// As inet_ntop of the C library, which cqlsh uses: the longest run of zeros is left out, and an IPv4 address that is
/// mapped into IPv6 stands in its own notation.
pub(super) fn ntop(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        v4(four, out);
        return Ok(());
    }
    let sixteen = <&[u8; 16]>::try_from(bytes).map_err(|_| wrong_length(bytes))?;
    let groups = groups(sixteen);
    let (mut best, mut i) = (0..0, 0);
    while i < 8 {
        let run = groups[i..].iter().take_while(|&&g| g == 0).count();
        if run > best.len() {
            best = i..i + run;
        }
        i += run.max(1);
    }
    if best.len() < 2 {
        best = 0..0;
    }
    let mapped = best == (0..6) || best == (0..5) && groups[5] == 0xffff;
    for (i, &g) in groups.iter().enumerate() {
        if best.contains(&i) {
            if i == best.start {
                out.push(b':');
            }
            continue;
        }
        if i > 0 {
            out.push(b':');
        }
        if i == 6 && mapped {
            v4([sixteen[12], sixteen[13], sixteen[14], sixteen[15]], out);
            return Ok(());
        }
        group(g, out);
    }
    if best.end == 8 && !best.is_empty() {
        out.push(b':');
    }
    Ok(())
}
