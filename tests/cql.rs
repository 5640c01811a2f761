//! Order, byte-comparable forms, tokens and type names against tables that Cassandra's own classes printed
//! (scripts/oracle/TypeTables.java). `SSTABLEFS_CQL_TABLES=DIR` reads larger tables than those in tests/cql.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::cql::{
    Comparator, KeyOrder, Partitioner, Type, UserType, byte_comparable, java, murmur3_128, names, validate,
};

fn table(name: &str) -> Vec<String> {
    let dir = std::env::var_os("SSTABLEFS_CQL_TABLES").map_or_else(|| PathBuf::from("tests/cql"), PathBuf::from);
    let path = dir.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(str::to_owned).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let hex = hex.trim_matches('\'');
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// `type NAME` and the lines behind it.
fn sections(lines: &[String]) -> Vec<(Type, Vec<&str>)> {
    let mut sections: Vec<(Type, Vec<&str>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("type ") {
            Some(name) => sections.push((java::parse(name).unwrap().0, Vec::new())),
            None => sections.last_mut().expect("a table begins with a type").1.push(line),
        }
    }
    assert!(sections.len() > 20);
    sections
}

#[test]
fn values_are_ordered_as_their_type_orders_them() {
    for (ty, lines) in sections(&table("order.txt")) {
        // Values of one rank are equal.
        let mut values: Vec<(usize, Vec<u8>)> = Vec::new();
        for line in lines {
            let rank = values.last().map_or(0, |(rank, _)| *rank) + usize::from(line.starts_with('<'));
            values.push((rank, unhex(line.split(' ').nth(1).unwrap())));
        }
        let forward = Comparator::new(&ty, false);
        let backward = Comparator::new(&ty, true);
        for (rank_a, a) in &values {
            for (rank_b, b) in &values {
                let expected = rank_a.cmp(rank_b);
                assert_eq!(forward.compare(a, b), expected, "{ty:?}: {} and {}", hex(a), hex(b));
                assert_eq!(backward.compare(a, b), expected.reverse());
            }
        }
    }
}

#[test]
fn byte_comparable_values_have_cassandras_bytes() {
    for (ty, lines) in sections(&table("order.txt")) {
        for line in lines {
            let (value, expected) = line[2..].split_once(' ').unwrap();
            let mut out = Vec::new();
            let present = byte_comparable::value(&ty, false, Some(&unhex(value)), &mut out).unwrap();
            let form = if present { hex(&out) } else { "null".to_owned() };
            assert_eq!(form, expected, "{ty:?} {value}");
        }
    }
}

#[test]
fn clusterings_have_cassandras_bytes() {
    for line in table("clusterings.txt") {
        let columns: Vec<&str> = line.split('\t').collect();
        let types: Vec<(Type, bool)> = columns[0].split(';').map(|name| java::parse(name).unwrap()).collect();
        let values: Vec<Option<Vec<u8>>> =
            columns[1].split(',').filter(|v| !v.is_empty()).map(|v| (v != "null").then(|| unhex(v))).collect();
        let terminator = match columns[2] {
            "CLUSTERING" => byte_comparable::TERMINATOR,
            "STATIC_CLUSTERING" => byte_comparable::EXCLUDED,
            "INCL_START_BOUND" | "EXCL_END_BOUND" | "EXCL_END_INCL_START_BOUNDARY" => {
                byte_comparable::LESS_THAN_NEXT_COMPONENT
            }
            _ => byte_comparable::GREATER_THAN_NEXT_COMPONENT,
        };
        let mut out = Vec::new();
        byte_comparable::clustering(&types, values.iter().map(Option::as_deref), terminator, &mut out).unwrap();
        assert_eq!(hex(&out), columns[3], "{line}");
    }
}

#[test]
fn keys_have_cassandras_tokens_and_order() {
    let local = Type::Composite(vec![Type::Text, Type::Int]);
    let mut order = None;
    let mut previous = None;
    for line in table("keys.txt") {
        if let Some(class) = line.strip_prefix("partitioner ") {
            let partitioner = Partitioner::from_class_name(class).unwrap();
            assert_eq!(partitioner.class_name(), class);
            order = Some(KeyOrder::new(partitioner, &local));
            previous = None;
            continue;
        }
        let order = order.as_ref().unwrap();
        let columns: Vec<&str> = line.split(' ').collect();
        let key = order.decorate(&unhex(columns[0]));
        assert_eq!(key.token.to_string(), columns[1], "{line}");
        assert_eq!(murmur3_128(&key.key).map(|half| half.to_string()), columns[2..4]);
        let mut out = Vec::new();
        order.byte_comparable(key.token, &key.key, &mut out).unwrap();
        assert_eq!(hex(&out), columns[4], "{line}");
        if let Some(previous) = previous.replace(key.clone()) {
            let expected = if previous == key { Ordering::Equal } else { Ordering::Less };
            assert_eq!(order.compare(&previous, &key), expected, "{line}");
            assert_eq!(order.compare(&key, &previous), expected.reverse());
        }
    }
}

#[test]
fn java_names_go_both_ways() {
    for line in table("names.txt") {
        let (java_name, _) = line.split_once('\t').unwrap();
        let (ty, reversed) = java::parse(java_name).unwrap();
        assert_eq!(java::name(&ty, reversed), java_name);
    }
}

#[test]
fn cql_names_go_both_ways() {
    fn user_types(ty: &Type, found: &mut Vec<Arc<UserType>>) {
        match ty {
            Type::List { element, .. } | Type::Set { element, .. } | Type::Vector { element, .. } => {
                user_types(element, found);
            }
            Type::Map { key, value, .. } => [key, value].into_iter().for_each(|ty| user_types(ty, found)),
            Type::Tuple(types) => types.iter().for_each(|ty| user_types(ty, found)),
            Type::User(user) => {
                user.fields.iter().for_each(|(_, ty)| user_types(ty, found));
                if !found.iter().any(|other| other.fields == user.fields && other.name == user.name) {
                    found.push(user.clone());
                }
            }
            _ => {}
        }
    }
    for line in table("names.txt") {
        let (java_name, cql_name) = line.split_once('\t').unwrap();
        let (ty, _) = java::parse(java_name).unwrap();
        assert_eq!(names::cql_name(&ty), cql_name);
        let mut known = Vec::new();
        user_types(&ty, &mut known);
        // DateType has no name of its own in CQL, and the random types may use one name for two user types.
        let ambiguous = known.iter().any(|a| known.iter().filter(|b| a.name == b.name).count() > 1);
        if !ambiguous && !java_name.contains("DateType") {
            let resolve = |name: &str| known.iter().find(|user| user.name == name).cloned();
            assert_eq!(names::parse(cql_name, &resolve).unwrap(), ty, "{cql_name}");
        }
    }
}

#[test]
fn values_are_valid_when_cassandra_says_so() {
    for (ty, lines) in sections(&table("valid.txt")) {
        for line in lines {
            let (sign, value) = line.split_once(' ').unwrap();
            let result = validate(&ty, &unhex(value));
            assert_eq!(result.is_ok(), sign == "+", "{ty:?} {value} {result:?}");
        }
    }
}

#[test]
fn bytes_that_are_no_values_are_ordered_without_panic() {
    for (ty, lines) in sections(&table("valid.txt")) {
        let values: Vec<Vec<u8>> = lines.iter().map(|line| unhex(&line[2..])).collect();
        let comparator = Comparator::new(&ty, false);
        for a in &values {
            let mut out = vec![7];
            let result = byte_comparable::value(&ty, true, Some(a), &mut out);
            assert!(result.is_ok() || out == [7], "an error leaves nothing behind");
            for b in &values {
                assert_eq!(
                    comparator.compare(a, b),
                    comparator.compare(b, a).reverse(),
                    "{ty:?} {} {}",
                    hex(a),
                    hex(b)
                );
            }
        }
    }
}
