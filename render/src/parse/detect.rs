//! Which format a text has, from its name and its beginning.

use super::InputFormat;

/// The format of a file, or why it is none. `beginning` is the first part of it, 64 KiB or so.
pub fn detect(name: &str, beginning: &[u8]) -> Result<InputFormat, String> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "csv" => Ok(InputFormat::Csv),
        "json" | "jsonl" | "ndjson" => Ok(json_form(beginning)),
        _ if beginning.trim_ascii_start().starts_with(b"{") => Ok(json_form(beginning)),
        _ if beginning.trim_ascii_start().starts_with(b"[") => Ok(json_form(beginning)),
        _ => Err("the name says no format: it must end in .csv, .json or .jsonl".into()),
    }
}

/// A dump's objects have the object `"partition"`, in which `"key"` comes first.
fn json_form(beginning: &[u8]) -> InputFormat {
    let mut rest = Tokens(beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning));
    rest.skip(b"[");
    let begins = rest.skip(b"{");
    if rest.skip(b"\"table kind\"") {
        rest.skip(b":");
        [&b"\"REGULAR\""[..], b"\"INDEX\"", b"\"VIEW\"", b"\"VIRTUAL\""].iter().any(|kind| rest.skip(kind));
        rest.skip(b",");
    }
    let rest = &mut rest;
    let dump =
        begins && [&b"\"partition\""[..], b":", b"{", b"\"key\"", b":", b"["].iter().all(|token| rest.skip(token));
    if dump { InputFormat::Dump } else { InputFormat::Json }
}

struct Tokens<'a>(&'a [u8]);

impl Tokens<'_> {
    fn skip(&mut self, token: &[u8]) -> bool {
        match self.0.trim_ascii_start().strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

#[test]
fn a_dump_is_known_by_its_partition() {
    let dump = br#"[ { "table kind" : "REGULAR", "partition" : { "key" : [ "1" ], "position" : 0 }, "rows" : [] } ]"#;
    assert_eq!(detect("x.json", dump), Ok(InputFormat::Dump));
    assert_eq!(detect("x.jsonl", &dump[2..]), Ok(InputFormat::Dump));
    assert_eq!(detect("x.jsonl", br#"{"partition": {"a": 1}}"#), Ok(InputFormat::Json));
    assert_eq!(detect("x.JSON", b"\xef\xbb\xbf [{"), Ok(InputFormat::Json));
    assert_eq!(detect("x.Csv", b"[{"), Ok(InputFormat::Csv));
    assert_eq!(detect("x", b" {\"a\":1}"), Ok(InputFormat::Json));
    assert!(detect("x.txt", b"a,b").is_err());
}
