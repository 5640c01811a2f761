//! Text as changes: what rows become.

use std::fmt::Write;

use crate::table::{DUMP, Log, TIMESTAMP, csv, hex, json, options, run};
use sstablefs_render::CsvStyle;
use sstablefs_render::parse::{InputFormat, InputOptions, read};

#[test]
fn rows_mean_what_insert_makes_of_them() {
    let same = |json_text: &str, csv_text: &str, expected: &str| {
        assert_eq!(json(json_text).unwrap(), expected, "{json_text}");
        assert_eq!(csv(csv_text).unwrap(), expected, "{csv_text}");
    };
    same(r#"{"k":1,"c":"x","a":5}"#, "k,c,a\n1,x,5\n", "row 00000001 [x] live@0 a=00000005\n");
    same(
        r#"{"k":1,"c":"x","a":5,"[ttl]":10,"[timestamp]":1700000000000007}"#,
        "a,[timestamp],c,k,[ttl]\n5,1700000000000007,x,1,10",
        "row 00000001 [x] live@7 ttl=10 until+10 a=00000005\n",
    );
    same(
        r#"[{"k":1,"c":"","s":["b","a","b"],"m":{"y":1,"x":2},"ud":{"\"Y z\"":"q"},"l":[3,1]}]"#,
        "k,c,s,m,ud,l\n1,\"\",\"{'b', 'a', 'b'}\",\"{'y': 1, 'x': 2}\",\"{Y z: 'q'}\",\"[3, 1]\"",
        "row 00000001 [] live@0 del(l)@-1/0 del(m)@-1/0 del(s)@-1/0 del(ud)@-1/0 l[]=00000003 l[]=00000001 \
         m[78]=00000002 m[79]=00000001 s[61]= s[62]= ud[0001]=71\n",
    );
    // A static row of its own, and with a row.
    same(r#"{"k":1,"c":null,"st":"s","a":null}"#, "k,c,st,a\n1,,s,\n", "static 00000001 st=73@0\n");
    same(r#"{"k":1,"c":"x","st":"s"}"#, "k,c,st\n1,x,s", "static 00000001 st=73@0\nrow 00000001 [x] live@0\n");
    // What is absent is left alone, null deletes.
    assert_eq!(
        json(r#"{"k":1,"c":"x","a":null,"l":null,"m":{},"ud":{"x":null},"[ttl]":5}"#).unwrap(),
        "row 00000001 [x] live@0 ttl=5 until+5 del(l)@-1/0 del(m)@-1/0 del(ud)@-1/0 a=gone/0 ttl=0\n"
    );
    assert_eq!(csv("k,c,a,B,l\n1,x,,,\n").unwrap(), "row 00000001 [x] live@0\n");
    let deletes = InputOptions { null_deletes: true, ..options() };
    assert_eq!(
        run(InputFormat::Csv, &deletes, b"k,c,a,B,l\n1,x,,\"\",\n").unwrap(),
        "row 00000001 [x] live@0 del(l)@-1/0 B= a=gone/0\n"
    );
    // A TTL of its own, or none, instead of the table's.
    let default = InputOptions { default_ttl: 7, ..options() };
    let text = br#"{"k":1,"c":"a"} {"k":1,"c":"b","[ttl]":0} {"k":1,"c":"c","[ttl]":null}"#;
    let expected = "row 00000001 [a] live@0 ttl=7 until+7\nrow 00000001 [b] live@0\nrow 00000001 [c] live@0\n";
    assert_eq!(run(InputFormat::Json, &default, text).unwrap(), expected);
}

#[test]
fn names_are_those_of_insert_json_and_of_copy() {
    assert_eq!(json(r#"{"K":1,"c":"x","\"B\"":"b"}"#).unwrap(), "row 00000001 [x] live@0 B=62\n");
    assert_eq!(csv("K,C,B\n1,x,b").unwrap(), "row 00000001 [x] live@0 B=62\n");
    assert_eq!(csv("k,c,\\\"B\\\"\n1,x,b").unwrap(), "row 00000001 [x] live@0 B=62\n");
    let error = json(r#"{"k":1,"c":"x","B":"b"}"#).unwrap_err();
    assert!(error.starts_with("line 1, column 20: ks.t has no column 'b'"), "{error}");
}

#[test]
fn csv_of_both_styles_is_understood() {
    let text = |csv_text: &str| csv(csv_text).unwrap().split("B=").nth(1).unwrap().trim_end().to_owned();
    // cqlsh: an escape of CSV within, and cqlsh's own outside.
    assert_eq!(text("k,c,B\n1,x,\"a\\\"b,\\\\n\\\\\\\\\"\n"), hex(b"a\"b,\n\\"));
    assert_eq!(text("k,c,B\n1,x,a\\\"b\n"), hex(b"a\"b"));
    // What cqlsh would not write behind a backslash is no escape of its own.
    assert_eq!(text("k,c,B\n1,x,C:\\\\dir\\\\\\\\new\n"), hex(b"C:\\dir\\\\new"));
    // RFC 4180: a backslash is a backslash.
    assert_eq!(text("k,c,B\n1,x,\"a\"\"b,\\n\"\n"), hex(b"a\"b,\\n"));
    assert_eq!(text("k,c,B\r\n1,x,C:\\new\r\n"), hex(b"C:\\new"));
    assert_eq!(text("\u{feff}k,c,B\r\n\r\n1,x,\"two\r\nlines\""), hex(b"two\r\nlines"));
    // Where everything has quotes, only a text is empty.
    let row = csv("\"k\",\"c\",\"B\",\"a\"\n\"1\",\"x\",\"\",\"\"\n").unwrap();
    assert_eq!(row, "row 00000001 [x] live@0 B=\n");
    assert_eq!(csv("k,c,B,a\n1,x,\"\",\"\"\n").unwrap(), "row 00000001 [x] live@0 B= a=\n");
    let rfc = InputOptions { csv: Some(CsvStyle::Rfc4180), delimiter: b';', csv_null: "NULL".into(), ..options() };
    let row = run(InputFormat::Csv, &rfc, b"k;c;B;a\n1;;\\\\;NULL\n").unwrap();
    assert_eq!(row, "row 00000001 [] live@0 B=5c5c\n");
}

#[test]
fn values_of_csv_may_be_cql_literals() {
    let one = |column: &str, field: &str| {
        let row = csv(&format!("k,c,{column}\n1,x,{field}\n"));
        row.map(|row| row.split('=').next_back().unwrap().trim_end().to_owned())
    };
    for (column, field, expected) in [
        ("d", "'2020-01-02'", "80004757"),
        ("d", "-719163", "7ff506c5"),
        ("bo", "TRUE", "01"),
        ("f", "nan", "7fc00000"),
        ("f", "-inf", "ff800000"),
        ("f", "1e-05", "3727c5ac"),
        ("i", "'::1'", "00000000000000000000000000000001"),
        ("ts", "2020-01-01 00:00:00.000+0000", "0000016f5e66e800"),
        ("du", "P1D", "000200"),
        ("bl", "0xAB", "ab"),
        ("tu", "\"(1, 'it''s')\"", "00000004000000010000000469742773"),
        ("tu", "\"(, 'x')\"", "ffffffff0000000178"),
        ("tu", "\"(null,x)\"", "ffffffff0000000178"),
        ("v", "\"[1, 2]\"", "0000000100000002"),
        ("ud", "\"{\\\"Y z\\\": 'q', x: null}\"", "71"),
        ("m", "\"{a:1}\"", "00000001"),
    ] {
        assert_eq!(one(column, field).as_deref(), Ok(expected), "{column} {field}");
    }
    for (column, field) in [
        ("v", "\"[1, 2, 3]\""),
        ("v", "\"[1, 2] 3\""),
        ("v", "\"[1, 2\""),
        ("v", "\"[1 2]\""),
        ("tu", "\"(1)\""),
        ("tu", "\"(1,'x',3)\""),
        ("tu", "\"(1,'x\""),
        ("ud", "\"{x: 1, x: 2}\""),
        ("ud", "\"{z: 1}\""),
        ("m", "\"{'a'}\""),
        ("m", "\"['a']\""),
        ("bo", "yes"),
        ("bl", "ab"),
        ("a", "1.0"),
        ("f", "x"),
    ] {
        assert!(one(column, field).is_err(), "{column} {field}");
    }
}

#[test]
fn a_dump_keeps_times_and_tombstones() {
    let expected = "delete 00000001 DeletionTime { marked_for_delete_at: 1700000000000001, local_deletion_time: 1700000000 }\n\
        static 00000001 st=73@2\n\
        row 00000001 [x] live@3 ttl=9 until+9 del(m)@2/0 B=gone/1 ttl=0 a=00000001 m[61]=00000001 m[62]=00000002 \
        ud[0000]=00000007@4 ttl=0\n\
        range 00000001 RangeBound { prefix: [Some([120])], inclusive: false } RangeBound { prefix: [], inclusive: true }\n";
    assert_eq!(run(InputFormat::Dump, &options(), DUMP.as_bytes()).unwrap(), expected);
}

/// sstabledump prints nothing for the duration 0s. No bytes at all would be no duration (DurationSerializer.validate).
#[test]
fn a_duration_of_nothing_in_a_dump_is_zero() {
    let dump = r#"{"partition":{"key":["1"]},"rows":[{"type":"row","clustering":["x"],"cells":[
        {"name":"du","value":"","tstamp":"5"}]}]}"#;
    let found = run(InputFormat::Dump, &options(), dump.as_bytes()).unwrap();
    assert!(found.contains("du=000000"), "{found}");
}

/// An input that arrives in small pieces.
struct Pieces<'a>(&'a [u8], usize);

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = (self.1 % 7 + 1).min(self.0.len()).min(out.len());
        self.1 += 1;
        out[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

#[test]
fn records_across_the_ends_of_buffers_are_whole() {
    let (mut csv_text, mut lines, mut array, mut expected) =
        ("k,c,B\n".to_owned(), String::new(), "[".to_owned(), String::new());
    let mut dump = "[".to_owned();
    for i in 0..6000usize {
        // Some rows are longer than a buffer.
        let filler = "é\n\"".repeat(if i == 3000 { 200_000 } else { i * 7919 % 151 });
        writeln!(csv_text, "{i},x,\"a{}\"", filler.replace('"', "\"\"")).unwrap();
        let escaped = filler.replace('"', "\\\"").replace('\n', "\\n");
        let object = format!("{{\"k\": {i}, \"c\": \"x\", \"\\\"B\\\"\": \"a{escaped}\"}}");
        writeln!(lines, "{object}").unwrap();
        write!(array, "{}\n{object}", if i > 0 { "," } else { "" }).unwrap();
        write!(dump, "{}{{\"partition\":{{\"key\":[\"{i}\"]}},\"rows\":[{{\"type\":\"row\",\"clustering\":[\"x\"],\
            \"liveness_info\":{{\"tstamp\":\"{TIMESTAMP}\"}},\"cells\":[{{\"name\":\"\\\"B\\\"\",\"value\":\"a{escaped}\"}}]}}]}}",
            if i > 0 { "," } else { "" }).unwrap();
        writeln!(expected, "row {i:08x} [x] live@0 B=61{}", hex(filler.as_bytes())).unwrap();
    }
    array.push(']');
    dump.push(']');
    let inputs = [
        (InputFormat::Csv, csv_text),
        (InputFormat::Json, lines),
        (InputFormat::Json, array),
        (InputFormat::Dump, dump),
    ];
    for (format, text) in inputs {
        let options = options();
        let mut log = Log { table: options.table.clone(), lines: String::new() };
        let mut told = 0;
        let summary =
            read(&mut Pieces(text.as_bytes(), 0), format, &options, &mut |bytes| told = bytes, &mut log).unwrap();
        assert!(log.lines == expected, "{format:?}");
        assert_eq!((summary.rows, summary.bytes, told), (6000, text.len() as u64, text.len() as u64));
    }
}

#[test]
fn no_text_makes_a_panic() {
    let csv_text = "k,c,B,s,m,ud,tu,v,ts,[ttl]\n1,x,\"a\\\"b\",\"{'q', ''''}\",\"{'a': 1}\",\"{x: 1, Y z: 'é'}\",\"(1, 'b')\",\"[1, 2]\",2020-01-01T00:00:00Z,5\n";
    let json_text = r#"[{"k":1,"c":"é\u00e9","s":["a"],"m":{"b":2},"ud":{"\"Y z\"":"q"},"tu":[1,null],"v":[1,2],"ts":"2020-01-01","du":"1h","[ttl]":5}]"#;
    let inputs = [(InputFormat::Csv, csv_text), (InputFormat::Json, json_text), (InputFormat::Dump, DUMP)];
    let mut state = 7u64;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for (format, text) in inputs {
        assert!(run(format, &options(), text.as_bytes()).is_ok(), "{format:?}");
        for end in 0..text.len() {
            let _ = run(format, &options(), &text.as_bytes()[..end]);
        }
        for _ in 0..5000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = b"\"\\,:{}[]()'\n\r -0\xff9aZ"[random(20)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"\"\\,:{}[]()'\n\r -0\xff9aZ"[random(20)]),
                }
            }
            let _ = run(format, &options(), &bytes);
        }
    }
}
