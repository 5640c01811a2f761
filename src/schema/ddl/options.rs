//! What stands behind WITH: options, COMPACT STORAGE, CLUSTERING ORDER BY.

use std::collections::BTreeMap;

use crate::Result;
use crate::cql::lexer::{Token, TokenKind};
use crate::cql::names;
use crate::cql::tokens::Tokens;

use super::super::table::{Keyspace, Table};

#[derive(Debug, Default)]
pub(super) struct Properties {
    options: BTreeMap<String, Value>,
    pub(super) id: Option<[u8; 16]>,
    pub(super) compact_storage: bool,
    /// Column, its place in the text, whether in descending order.
    pub(super) clustering_order: Vec<(Token, String, bool)>,
}

#[derive(Debug)]
enum Value {
    Scalar(Scalar),
    Map(BTreeMap<String, Scalar>),
}

#[derive(Debug)]
struct Scalar {
    /// Without quotes.
    text: String,
    kind: TokenKind,
}

impl Properties {
    /// Nothing, if no WITH comes next.
    pub(super) fn parse(tokens: &mut Tokens<'_>) -> Result<Properties> {
        let mut properties = Properties::default();
        if !tokens.keyword("with") {
            return Ok(properties);
        }
        loop {
            properties.property(tokens)?;
            if !tokens.keyword("and") {
                return Ok(properties);
            }
        }
    }

    fn property(&mut self, tokens: &mut Tokens<'_>) -> Result<()> {
        if tokens.keywords(&["compact", "storage"]) {
            self.compact_storage = true;
            return Ok(());
        }
        if tokens.keywords(&["clustering", "order", "by"]) {
            tokens.expect_symbol("(")?;
            self.clustering_order = tokens.list(")", |tokens| {
                let token = tokens.peek();
                let name = tokens.name("a clustering column")?;
                let descending = tokens.keyword("desc");
                if !descending {
                    tokens.keyword("asc");
                }
                Ok((token, name, descending))
            })?;
            return Ok(());
        }
        let name = tokens.name("an option, CLUSTERING ORDER BY or COMPACT STORAGE")?;
        tokens.expect_symbol("=")?;
        let token = tokens.peek();
        let value = Value::parse(tokens)?;
        if name != "id" {
            self.options.insert(name, value);
            return Ok(());
        }
        let Value::Scalar(id) = value else { return Err(tokens.error(token, "a table id is a UUID")) };
        self.id = Some(uuid(&id.text).ok_or_else(|| tokens.error(token, "a table id is a UUID"))?);
        Ok(())
    }

    pub(super) fn set_keyspace(self, keyspace: &mut Keyspace) {
        for (name, value) in self.options {
            match (name.as_str(), value) {
                ("replication", Value::Map(map)) => {
                    keyspace.replication = map.into_iter().map(|(key, value)| (key, value.text)).collect();
                }
                ("durable_writes", Value::Scalar(value)) => {
                    keyspace.durable_writes = !value.text.eq_ignore_ascii_case("false");
                }
                _ => {}
            }
        }
    }

    /// `WITH OPTIONS = {…}` of an index.
    pub(super) fn index_options(mut self) -> impl Iterator<Item = (String, String)> {
        let map = match self.options.remove("options") {
            Some(Value::Map(map)) => map,
            _ => BTreeMap::new(),
        };
        map.into_iter().map(|(key, value)| (key, value.text))
    }

    pub(super) fn set_table(self, table: &mut Table) {
        if let Some(id) = self.id {
            table.id = id;
        }
        table.options.extend(self.options.into_iter().map(|(name, value)| (name, value.literal())));
    }
}

impl Value {
    fn parse(tokens: &mut Tokens<'_>) -> Result<Value> {
        if !tokens.symbol("{") {
            return Scalar::parse(tokens).map(Value::Scalar);
        }
        let mut map = BTreeMap::new();
        if !tokens.symbol("}") {
            let entries = tokens.list("}", |tokens| {
                let key = Scalar::parse(tokens)?;
                tokens.expect_symbol(":")?;
                Ok((key.text, Scalar::parse(tokens)?))
            })?;
            map.extend(entries);
        }
        Ok(Value::Map(map))
    }

    /// As DESCRIBE prints it.
    fn literal(&self) -> String {
        match self {
            Value::Scalar(scalar) if scalar.kind == TokenKind::String => names::string_literal(&scalar.text),
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::Map(map) => {
                let entry = |(key, value): (&String, &Scalar)| {
                    let value = match value.kind {
                        TokenKind::Blob => value.text.clone(),
                        _ => names::string_literal(&value.text),
                    };
                    format!("{}: {value}", names::string_literal(key))
                };
                format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Scalar {
    fn parse(tokens: &mut Tokens<'_>) -> Result<Scalar> {
        let first = tokens.peek();
        let negative = tokens.symbol("-");
        let token = tokens.peek();
        let is_number = matches!(token.kind, TokenKind::Integer | TokenKind::Float | TokenKind::Duration);
        let text = match token.kind {
            TokenKind::String => tokens.unquoted(token).into_owned(),
            TokenKind::Word => tokens.source(token).to_ascii_lowercase(),
            TokenKind::Blob | TokenKind::Uuid => tokens.source(token).to_owned(),
            _ if is_number => tokens.source_between(first, token).to_owned(),
            _ => {
                return Err(
                    tokens.expected("a value: text in single quotes, a number, true, false or {'key': 'value'}")
                );
            }
        };
        if negative && !is_number {
            return Err(tokens.expected("a number"));
        }
        tokens.advance();
        Ok(Scalar { text, kind: token.kind })
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
    Some(number.to_be_bytes())
}
