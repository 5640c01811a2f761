//! Texts to values, and bytes that are values or not, beside what the classes of org.apache.cassandra.db.marshal of
//! 5.0.6 made of them.

use sstablefs::cql::{Type, java, parse_text, validate};

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A type, a text, and what AbstractType.fromString made of it: the bytes, or `-` where it failed.
const TEXTS: &[(&str, &str, &str)] = &[
    ("TimestampType", "2024-01-02", "0000018cc7785000"),
    ("TimestampType", "2024-01-02 03:04", "0000018cc820c500"),
    ("TimestampType", "2024-01-02T03:04:05.6789Z", "0000018cc820db2e"),
    ("TimestampType", "2024-01-02 03:04:05+0130", "0000018cc7ce72c8"),
    ("TimestampType", "2024-01-02 03:04+01", "0000018cc7e9d680"),
    ("TimestampType", "2024-01-02 03:04-01:30", "0000018cc8732ac0"),
    ("TimestampType", "2024-02-30", "0000018df2292800"),
    ("TimestampType", "-0044-03-15", "ffffc633c2f8b400"),
    ("TimestampType", "2024-01-02T25:00", "-"),
    ("TimestampType", "2024-01-02 03:04:05 UTC", "0000018cc820d888"),
    ("TimestampType", "2024-01-02 03:04+1", "-"),
    ("TimestampType", "x", "-"),
    ("TimestampType", "2024-01-02T03:04:05.1234567891Z", "-"),
    ("TimeType", "08:12:54", "00001ae5bbc3bc00"),
    ("TimeType", "08:12:54.123456789", "00001ae5c31f8915"),
    ("TimeType", "08:12", "-"),
    ("TimeType", "24:00:00", "-"),
    ("TimeType", "86400000000000", "-"),
    ("TimeType", "5", "0000000000000005"),
    ("TimeType", "08:12:54.x", "-"),
    ("TimeType", "08:12:54.", "-"),
    ("SimpleDateType", "2024-01-02", "80004d0c"),
    ("SimpleDateType", "-2024-01-02", "7fe9bda6"),
    ("SimpleDateType", "2024-13-02", "-"),
    ("SimpleDateType", "5", "00000005"),
    ("SimpleDateType", "2024-01", "-"),
    ("InetAddressType", "127.0.0.1", "7f000001"),
    ("InetAddressType", "::1", "00000000000000000000000000000001"),
    ("InetAddressType", "::ffff:1.2.3.4", "01020304"),
    ("DecimalType", "1.5e3", "fffffffe0f"),
    ("DecimalType", "-0.00", "0000000200"),
    ("DecimalType", "1.x", "-"),
    ("DecimalType", "1e", "-"),
    ("DurationType", "1y2mo", "1c0000"),
    ("DurationType", "-3d", "000500"),
    ("DurationType", "1q", "-"),
    ("DurationType", "2h5m1s", "0000fc0da4ece18400"),
    ("DurationType", "1w", "000e00"),
    ("UUIDType", "123e4567-e89b-12d3-a456-42661417400", "-"),
    ("UUIDType", "123e4567-e89b-12d3-a456-4266141740zz", "-"),
    ("TupleType(Int32Type,UTF8Type)", "1:a\\:b", "000000040000000100000003613a62"),
    ("TupleType(Int32Type,UTF8Type)", "@:x", "ffffffff0000000178"),
    ("TupleType(Int32Type,UTF8Type)", "1:a:2", "-"),
    ("TupleType(Int32Type,UTF8Type)", "1", "0000000400000001"),
    ("CompositeType(Int32Type,UTF8Type)", "1:a", "0004000000010000016100"),
    ("CompositeType(Int32Type,UTF8Type)", "1:!", "00040000000101"),
    ("CompositeType(Int32Type,UTF8Type)", "1:_", "000400000001ff"),
    ("CompositeType(Int32Type,UTF8Type)", "1:a:b", "-"),
    ("CompositeType(Int32Type,UTF8Type)", "1:a\\:b", "000400000001000003613a6200"),
    ("CompositeType(Int32Type,UTF8Type)", "x:a", "-"),
    ("BooleanType", "TRUE", "01"),
    ("BooleanType", "no", "-"),
    ("Int32Type", "1.0", "-"),
    ("BytesType", "0xab", "-"),
    ("BytesType", "abc", "-"),
];

#[test]
fn texts_become_what_cassandra_makes_of_them() {
    for (class, text, expected) in TEXTS {
        let (ty, _) = java::parse(class).unwrap();
        let found = parse_text(&ty, text).map_or("-".to_owned(), |bytes| hex(&bytes));
        assert_eq!(found, *expected, "{class} {text}");
    }
}

/// UTF8Type takes what no other reader does: surrogates, the NUL of two bytes, numbers beyond Unicode.
#[test]
fn text_is_valid_when_cassandra_says_so() {
    let valid = [
        "41",
        "c080",
        "c280",
        "eda080",
        "e0a080",
        "e0c080",
        "e18080",
        "f0908080",
        "f1808080",
        "f4908080",
        "f7bfbfbf",
        "41c3a9c080",
    ];
    let invalid = [
        "c081", "c1bf", "c27f", "df", "e08080", "e1ff80", "e1807f", "f0808080", "f08f8080", "f0c08080", "f8808080",
        "f18080", "ff", "80",
    ];
    for text in valid {
        assert!(validate(&Type::Text, &unhex(text)).is_ok(), "{text}");
    }
    for text in invalid {
        let error = validate(&Type::Text, &unhex(text)).expect_err(text);
        assert!(error.message().starts_with("text is not UTF-8 behind its first "), "{error}");
    }
}

#[test]
fn what_is_no_value_says_why() {
    for (class, value, reason) in [
        ("DurationType", "fffffffffffffffffe0000", "months or days of a duration do not fit into 32 bits"),
        ("DurationType", "000102", "a duration has parts of different signs"),
        ("DurationType", "0000", "a value of type duration has 2 bytes; it must have at least 3 bytes"),
        (
            "CompositeType(Int32Type,UTF8Type)",
            "0004000000010000016100000000",
            "a composite has more components than its type",
        ),
        (
            "CompositeType(Int32Type,UTF8Type)",
            "0004000000010100016100",
            "a composite goes on behind its last component",
        ),
        ("EmptyType", "00", "a value of type empty has 1 bytes; it must have no bytes"),
        ("ListType(Int32Type)", "00000001ffffffff", "a collection holds a null"),
        ("VectorType(Int32Type, 2)", "", "a value of type vector has 0 bytes; it must have its elements"),
        ("TimeUUIDType", "123e4567e89b42d3a456426614174000", "a timeuuid is not of version 1"),
    ] {
        let (ty, _) = java::parse(class).unwrap();
        assert_eq!(validate(&ty, &unhex(value)).expect_err(value).message(), reason, "{class} {value}");
    }
    assert!(validate(&Type::Empty, &[]).is_ok());
}
