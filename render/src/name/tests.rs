//! Every key has a name that leads back to it.

use super::*;

fn name(names: &KeyNames, key: &[u8]) -> String {
    let mut out = Vec::new();
    names.write_name(Token::Murmur3(-42), key, "json", &mut out).unwrap();
    assert!(out.len() <= MAX_NAME);
    let name = String::from_utf8(out).unwrap();
    assert!(!name.starts_with('.') && !name.contains(['/', '\0', '\n']), "{name}");
    let stem = name.strip_suffix(".json").unwrap();
    let candidates = names.candidates(stem);
    match candidates.token {
        Some(token) => assert_eq!(token, -42, "{name}"),
        None => assert_eq!(candidates.key.as_deref(), Some(key), "{name}"),
    }
    name
}

#[test]
fn texts_are_encoded_and_come_back() {
    let names = KeyNames::of_type(Type::Text);
    let cases = [
        ("Ann", "Ann.json"),
        ("a:b\\", "a:b\\.json"),
        ("a/b%c", "a%2Fb%25c.json"),
        (".hidden", "%2Ehidden.json"),
        ("..", "%2E..json"),
        ("x.json", "x.json.json"),
        ("tab\tnul\0\u{85}é☃", "tab%09nul%00%C2%85é☃.json"),
        ("", "~-42.json"),
        ("v~12", "v%7E12.json"),
        ("v~12a ~", "v~12a ~.json"),
        ("~007", "~007.json"),
    ];
    for (text, expected) in cases {
        assert_eq!(name(&names, text.as_bytes()), expected);
    }
}

#[test]
fn long_names_end_in_the_token() {
    let names = KeyNames::of_type(Type::Text);
    let fits = "x".repeat(250);
    assert_eq!(name(&names, fits.as_bytes()), format!("{fits}.json"));
    assert_eq!(name(&names, "x".repeat(251).as_bytes()), format!("{}~-42.json", "x".repeat(246)));
    // Cut between characters, and not within an encoded one.
    assert_eq!(name(&names, "é".repeat(200).as_bytes()), format!("{}~-42.json", "é".repeat(123)));
    let slashes = name(&names, format!("x{}", "/".repeat(200)).as_bytes());
    assert_eq!(slashes, format!("x{}~-42.json", "%2F".repeat(81)));
}

#[test]
fn keys_that_read_back_as_others_take_the_token() {
    let varint = KeyNames::of_type(Type::Varint);
    assert_eq!(name(&varint, &[0, 0, 7]), "7~-42.json");
    assert_eq!(name(&varint, &[7]), "7.json");
    let boolean = KeyNames::of_type(Type::Boolean);
    assert_eq!(name(&boolean, &[9]), "true~-42.json");
    let text = KeyNames::of_type(Type::Text);
    assert_eq!(name(&text, b"a\xff"), "a\u{fffd}~-42.json");
}

#[test]
fn composites_escape_their_parts() {
    let names = KeyNames::of_type(Type::Composite(vec![Type::Text, Type::Int]));
    let key = |text: &str, number: i32| {
        let mut key = (text.len() as u16).to_be_bytes().to_vec();
        key.extend_from_slice(text.as_bytes());
        key.extend_from_slice(&[0, 0, 4]);
        key.extend_from_slice(&number.to_be_bytes());
        key.push(0);
        key
    };
    assert_eq!(name(&names, &key("a:b/c", -1)), "a\\:b%2Fc:-1.json");
    assert_eq!(name(&names, &key("c\\", 0)), "c\\!:0.json");
    assert_eq!(name(&names, &key("!", 0)), "!!:0.json");
    assert_eq!(name(&names, &key("", 5)), ":5.json");
}

#[test]
fn no_name_makes_it_panic() {
    let names = KeyNames::of_type(Type::Composite(vec![Type::Text, Type::Timestamp, Type::Inet, Type::Duration]));
    for name in ["", "%", "%2", "%zz", "%ff", "~", "~-", "::::", "\\", "é%é", "a:+:b:-é", "2020-é:x", "::1:-1\u{b5}s"]
    {
        names.candidates(name);
        for ty in [Type::Timestamp, Type::Date, Type::Time, Type::Duration, Type::Uuid, Type::Decimal, Type::Blob] {
            KeyNames::of_type(ty).candidates(name);
        }
    }
}
